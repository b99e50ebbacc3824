"""Retention: what nobody labelled and nothing refers to expires by the clock; its counts stay, the rest stays too."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from projects.models import EarlierUpload, Example, ExpiredCount, Media, Prediction, Retention
from projects.streams import expiring, media, retention
from projects.streams.expiring import expire_all
from projects.streams.retention import hold_examples, register_keeper, set_retention
from slices.definitions.actions import Definition, create_slice, current
from slices.models import Keeping
from slices.snapshots.actions import freeze
from teams.access.actions import issue_token
from teams.identity.refused import Refused
from teams.identity.roles import PIPELINE, Role
from teams.models import Event
from tests.factories import (
    AnnotationFactory,
    AskFactory,
    ExampleFactory,
    PredictionFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)

STREAM = "/api/v1/projects/digits/streams/tags"
JSON: dict[str, Any] = {"content_type": "application/json"}
CAPTURED = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))


@pytest.fixture
def manager(stream) -> Any:
    return member(stream.organization, Role.MANAGER, stream.project)


@pytest.fixture
def script(stream, manager, api) -> Any:
    verbs = ["projects.view_project", "projects.manage_project", *PIPELINE]
    _row, text = issue_token(
        organization=stream.organization, user=manager, name="retention", verbs=verbs, by=manager
    )
    return api(text)


def old(stream: Any, key: str, **values: Any) -> Any:
    came = {"ingested_at": timezone.now() - timedelta(days=40), "captured_at": CAPTURED}
    return ExampleFactory(stream=stream, key=key, **came | values)


def keys() -> list[str]:
    return sorted(Example.objects.values_list("key", flat=True))


def tick() -> int:
    return expire_all(timezone.now())


@pytest.mark.django_db
def test_nothing_expires_unless_somebody_wants_it(stream, script) -> None:
    old(stream, "old")
    tick()
    said = script.get(f"{STREAM}/retention").json()
    assert (keys(), said) == (["old"], {"days": None, "expired": 0, "by_day": [], "preview": None})


@pytest.mark.django_db
def test_what_is_old_and_unlabelled_expires_and_its_counts_stay(stream, script) -> None:
    for key in ("a", "b"):
        PredictionFactory(example=old(stream, key))
    old(stream, "c", captured_at=CAPTURED + timedelta(days=1))
    ExampleFactory(stream=stream, key="young")
    script.post(f"{STREAM}/retention", {"days": 30}, **JSON)
    assert tick() == 3
    said = script.get(f"{STREAM}/retention").json()
    days = [{"day": "2026-03-02", "n": 1}, {"day": "2026-03-01", "n": 2}]
    assert (said["days"], said["expired"], said["by_day"]) == (30, 3, days)
    listed = script.get(f"{STREAM}/examples").json()["results"]
    assert ([row["key"] for row in listed], Prediction.objects.count()) == (["young"], 0)
    event = Event.objects.get(kind="examples.expired")
    assert (event.subject_id, event.data) == (stream.pk, {"n": 3, "days": 30})


@pytest.mark.django_db
def test_a_preview_says_what_other_days_would_come_to(stream, script) -> None:
    old(stream, "a")
    ExampleFactory(stream=stream, key="young")
    said = script.get(f"{STREAM}/retention?days=30").json()["preview"]
    later = script.get(f"{STREAM}/retention?days=60").json()["preview"]
    assert said == {"days": 30, "looked_at": 2, "would_expire": 1}
    assert later == {"days": 60, "looked_at": 2, "would_expire": 0}
    assert script.get(f"{STREAM}/retention?days=0").status_code == 422


@pytest.mark.django_db
def test_what_somebody_needs_stays(stream, manager) -> None:
    queue = QueueFactory(stream=stream)
    old(stream, "goes")
    old(stream, "labelled", label="3", label_state="accepted")
    AnnotationFactory(task__queue=queue, task__example=old(stream, "answered"))
    TaskFactory(queue=queue, example=old(stream, "task"))
    AskFactory(task__queue=queue, task__example=old(stream, "ask"))
    set_retention(stream=stream, days=30, by=manager)
    assert (tick(), keys()) == (1, ["answered", "ask", "labelled", "task"])


@pytest.mark.django_db
def test_a_member_of_a_snapshot_stays_until_its_files_are_gone(stream, manager) -> None:
    old(stream, "member")
    kept = Definition(labels="any", splits=("train",))
    version = current(create_slice(stream=stream, slug="all", name="All", definition=kept, by=None))
    freeze(slice_version=version, role="train", as_of=timezone.now(), by=manager)
    set_retention(stream=stream, days=30, by=manager)
    assert (tick(), keys()) == (0, ["member"])
    Keeping.objects.update(expired_at=timezone.now())
    assert expire_all(timezone.now() + timedelta(hours=25)) == 1
    assert keys() == []


@pytest.mark.django_db
def test_a_room_says_what_it_needs(stream, manager, monkeypatch) -> None:
    monkeypatch.setattr(retention, "_keepers", {})
    row = old(stream, "needed")
    register_keeper("a test", lambda organization, ids: {row.pk} & set(ids))
    old(stream, "not needed")
    set_retention(stream=stream, days=30, by=manager)
    assert (tick(), keys()) == (1, ["needed"])


@pytest.mark.django_db
def test_a_key_that_expired_may_arrive_again(stream, manager, script) -> None:
    first = old(stream, "again")
    set_retention(stream=stream, days=30, by=manager)
    tick()
    said = script.post(f"{STREAM}/examples", {"examples": [{"key": "again"}]}, **JSON).json()
    assert said["rows"][0]["outcome"] == "created"
    assert said["rows"][0]["id"] != first.pk


@pytest.mark.django_db
def test_uploads_go_unless_another_example_shows_them(stream, manager) -> None:
    files = {media.digest_of(stream.organization, data): data for data in (b"alone", b"shared")}
    media.keep(stream.organization, files)
    alone, shared = files
    old(stream, "a", media_uri=f"sluice:{alone}")
    old(stream, "b", media_uri=f"sluice:{shared}")
    ExampleFactory(stream=stream, key="c", media_uri=f"sluice:{shared}")
    set_retention(stream=stream, days=30, by=manager)
    tick()
    call_command("work", "--all", "--once")
    assert list(Media.objects.values_list("digest", flat=True)) == [shared]


@pytest.mark.django_db
def test_batch_after_batch_passes_over_what_stays_until_the_next_round(stream, manager, monkeypatch) -> None:
    monkeypatch.setattr(expiring, "BATCH", 2)
    queue = QueueFactory(stream=stream)
    tasks = [TaskFactory(queue=queue, example=old(stream, f"kept-{n}")) for n in range(3)]
    for n in range(3):
        old(stream, f"goes-{n}")
    set_retention(stream=stream, days=30, by=manager)
    assert tick() == 3
    tasks[0].delete()
    assert tick() == 0
    assert expire_all(timezone.now() + timedelta(hours=25)) == 1
    assert keys() == ["kept-1", "kept-2"]


@pytest.mark.django_db
def test_an_interrupted_batch_leaves_everything_as_it_was(stream, manager, monkeypatch) -> None:
    old(stream, "a")
    set_retention(stream=stream, days=30, by=manager)

    def dies(*said: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(expiring, "keep_counts", dies)
        with pytest.raises(RuntimeError):
            tick()
    assert (keys(), ExpiredCount.objects.count()) == (["a"], 0)
    assert (tick(), ExpiredCount.objects.get().n) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_clocks_let_each_example_go_once(stream, manager, monkeypatch) -> None:
    monkeypatch.setattr(expiring, "BATCH", 3)
    for n in range(12):
        old(stream, f"{n}")
    set_retention(stream=stream, days=30, by=manager)
    done: list[int] = []

    def clock() -> None:
        done.append(tick())
        connection.close()

    threads = [threading.Thread(target=clock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.append(tick())
    assert (sum(done), keys(), ExpiredCount.objects.get().n) == (12, [], 12)


@pytest.mark.django_db(transaction=True)
def test_nothing_expires_while_a_slice_is_being_frozen(stream, manager) -> None:
    old(stream, "a")
    set_retention(stream=stream, days=30, by=manager)
    done: list[int] = []

    def clock() -> None:
        done.append(tick())
        connection.close()

    with transaction.atomic():
        hold_examples()
        thread = threading.Thread(target=clock)
        thread.start()
        thread.join()
    assert (done, keys()) == ([0], ["a"])
    assert (tick(), keys()) == (1, [])


@pytest.mark.django_db
def test_a_policy_is_set_changed_and_taken_back_with_events(stream, script) -> None:
    for days in (30, 30, 60, None):
        assert script.post(f"{STREAM}/retention", {"days": days}, **JSON).json()["days"] == days
    told = Event.objects.filter(kind="stream.retention_changed").order_by("pk").values_list("data", flat=True)
    assert list(told) == [
        {"days": 30, "before": None},
        {"days": 60, "before": 30},
        {"days": None, "before": 60},
    ]
    assert Retention.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("days", [0, -1, 40_000])
def test_days_that_make_no_sense_are_refused(stream, manager, script, days: int) -> None:
    assert script.post(f"{STREAM}/retention", {"days": days}, **JSON).status_code == 422
    with pytest.raises(Refused):
        set_retention(stream=stream, days=days, by=manager)


@pytest.mark.django_db
def test_at_the_desk_one_is_told_before(stream, manager, page) -> None:
    old(stream, "a")
    browser = page(manager)
    place = reverse("admin:projects_stream_changelist")
    made = browser.get(place).context
    chosen = {
        "action": "keep",
        "_selected_action": [stream.pk],
        made["desk_field"]: made["desk_here"],
    }
    asked = browser.post(place, chosen).content.decode()
    assert "At 30 days about 1 of the oldest 1 examples would expire now" in asked
    browser.post(place, chosen | {"deed_form": "1", "days": "30"})
    assert Retention.objects.get().days == 30
    tick()
    shown = browser.get(reverse("admin:projects_stream_change", args=[stream.pk])).content.decode()
    assert "30 days; 1 examples have expired so far" in shown


@pytest.mark.django_db
def test_uploads_that_an_expired_example_showed_earlier_go_too(stream, manager) -> None:
    digest = media.digest_of(stream.organization, b"earlier")
    media.keep(stream.organization, {digest: b"earlier"})
    row = old(stream, "a", media_uri=f"sluice:{digest}")
    Example.objects.filter(pk=row.pk).update(media_uri="")
    assert EarlierUpload.objects.count() == 1
    set_retention(stream=stream, days=30, by=manager)
    tick()
    call_command("work", "--all", "--once")
    assert (Media.objects.count(), EarlierUpload.objects.count()) == (0, 0)
