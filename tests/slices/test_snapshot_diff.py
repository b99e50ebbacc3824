"""Two snapshots side by side: who came, who went and why, whose label or data changed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.conditions import Condition
from projects.erasure.actions import erase
from projects.erasure.choosing import Wanted
from slices.definitions.actions import Definition, change_slice, create_slice, current
from slices.models import Keeping, Snapshot
from slices.snapshots import diffing
from slices.snapshots.actions import freeze
from slices.snapshots.manifest import Member
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)

SPLITS = ("train", "val", "test")
OPEN = {"labels": "any", "splits": ("train", "val")}


@pytest.fixture
def stream(db: Any) -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(organization__slug="acme", slug="digits"))


@pytest.fixture
def script(stream: Any, api: Any) -> Any:
    return api(token(stream.organization, stream.project)[1])


@pytest.fixture
def manager(stream: Any, page: Any) -> Any:
    return page(member(stream.organization, "manager"))


def slice_of(stream: Any, slug: str = "all", **more: Any) -> Any:
    definition = Definition(**OPEN | more)
    return create_slice(stream=stream, slug=slug, name=slug.title(), definition=definition, by=None)


def frozen(made: Any) -> Snapshot:
    return freeze(slice_version=current(made), role="train", as_of=timezone.now(), by=None)


def answered(queue: Any, example: Any, label: str) -> Any:
    done = {"state": "accepted", "open_slots": 0, "round": queue.tasks.filter(example=example).count() + 1}
    task = TaskFactory(queue=queue, example=example, **done)
    return AnnotationFactory(task=task, label=label)


def forget(stream: Any, *rows: Any) -> None:
    erase(project=stream.project, stream=None, wanted=Wanted(ids=tuple(row.pk for row in rows)), by=None)
    call_command("work", "--all", "--once")


def between(script: Any, a: Snapshot, b: Snapshot, **query: Any) -> Any:
    part = "/members" if query else ""
    return script.get(f"/api/v1/snapshots/{a.pk}/diff/{b.pk}{part}", query)


def address(a: Snapshot, b: Snapshot) -> str:
    return f"/o/acme/projects/digits/snapshots/{a.pk}/diff/{b.pk}/"


MEMBER = st.tuples(st.integers(1, 3), st.none() | st.integers(1, 3), st.sampled_from(SPLITS))
MANIFEST = st.dictionaries(st.integers(1, 40), MEMBER, max_size=25)


def batches(manifest: dict[int, Any], length: int) -> Any:
    """A manifest as it is read, so many members at a time."""
    members = [Member(pk, *rest) for pk, rest in sorted(manifest.items())]
    return (members[at : at + length] for at in range(0, len(members), length))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(one=MANIFEST, other=MANIFEST, left=st.integers(1, 9), right=st.integers(1, 9))
def test_the_merge_says_what_sets_say_however_the_readings_are_cut(
    one: dict[int, Any], other: dict[int, Any], left: int, right: int
) -> None:
    pairs = [pair for some in diffing.merged(batches(one, left), batches(other, right)) for pair in some]
    by_kind = {
        kind: [pair.example_id for pair in pairs if kind in pair.kinds()]
        for kind in (*diffing.KINDS, "split_changed")
    }
    both = sorted(one.keys() & other.keys())
    assert by_kind == {
        "added": sorted(other.keys() - one.keys()),
        "removed": sorted(one.keys() - other.keys()),
        "changed": [pk for pk in both if one[pk][0] != other[pk][0]],
        "relabeled": [pk for pk in both if one[pk][1] != other[pk][1]],
        "split_changed": [pk for pk in both if one[pk][2] != other[pk][2]],
    }
    assert len(pairs) == len(one.keys() | other.keys()) - sum(one[pk] == other[pk] for pk in both)


def test_who_came_went_and_was_relabelled_is_told_with_labels_before_and_after(
    stream: Any, script: Any
) -> None:
    queue = QueueFactory(stream=stream)
    kept, moved, again, first, gone = (ExampleFactory(stream=stream, key=name) for name in "kmafg")
    for example, label in ((kept, "1"), (moved, "1"), (again, "2"), (gone, "7")):
        answered(queue, example, label)
    made = slice_of(stream)
    a = frozen(made)
    answered(queue, moved, "4")
    answered(queue, again, "2")
    answered(queue, first, "3")
    new = ExampleFactory(stream=stream, key="new")
    forget(stream, gone)
    type(kept).objects.filter(pk=kept.pk).update(text="another", rev=kept.rev + 1)
    b = frozen(made)
    said = between(script, a, b).json()
    assert said["counts"] == {
        "added": 1,
        "removed": 1,
        "relabeled": 3,
        "changed": 1,
        "split_changed": 0,
        "same": 0,
    }
    assert Counter((row["before"], row["after"], row["n"]) for row in said["relabelings"]) == Counter(
        [("1", "4", 1), ("2", "2", 1), (None, "3", 1)]
    )
    assert said["reasons"] == {"erased": 1}
    assert (said["n_total"], said["n_by_label"]["1"], said["takes"], said["took"]) == ([5, 5], [2, 1], [], [])
    (row,) = between(script, a, b, kind="removed").json()["results"]
    assert (row["example_id"], row["reason"], row["is_erased"], row["after"]) == (
        gone.pk,
        "erased",
        True,
        None,
    )
    assert row["before"]["label"] is None
    (row,) = between(script, a, b, kind="added").json()["results"]
    assert (row["example_id"], row["before"], row["after"]["label"]) == (new.pk, None, None)
    back = between(script, b, a).json()["counts"]
    assert (back["added"], back["removed"], back["relabeled"]) == (1, 1, 3)


def test_why_members_went_is_asked_step_by_step_as_of_the_second_snapshot(stream: Any, script: Any) -> None:
    now = timezone.now()
    rows = {
        name: ExampleFactory(stream=stream, key=name, attributes={"store": name}, k1=name, captured_at=at)
        for name, at in (
            ("old", now - timedelta(days=9)),
            ("out", now - timedelta(hours=3)),
            ("in", now - timedelta(hours=2)),
            ("cut", now - timedelta(hours=1)),
        )
    }
    made = slice_of(stream)
    a = frozen(made)
    narrow = Definition(
        condition=Condition.from_text("store <> 'out'", stream).json,
        window={"clock": "captured_at", "length": "7d"},
        max_size=1,
        **OPEN,
    )
    change_slice(slice=made, definition=narrow, by=None)
    b = frozen(made)
    said = between(script, a, b).json()
    assert said["reasons"] == {"window": 1, "condition": 1, "other": 1}
    assert said["counts"]["removed"] == 3
    assert "store <> 'out'" in said["takes"]
    listed = between(script, a, b, kind="removed").json()["results"]
    reasons = {row["example_id"]: row["reason"] for row in listed}
    assert (reasons[rows["old"].pk], reasons[rows["out"].pk]) == ("window", "condition")


def test_members_are_listed_page_by_page_in_order_of_example(stream: Any, script: Any) -> None:
    ExampleFactory(stream=stream)
    made = slice_of(stream)
    a = frozen(made)
    new = [ExampleFactory(stream=stream).pk for _n in range(5)]
    b = frozen(made)
    first = between(script, a, b, kind="added", limit="2").json()
    second = script.get(first["next"]).json()
    third = script.get(second["next"]).json()
    found = [row["example_id"] for some in (first, second, third) for row in some["results"]]
    assert (found, third["next"]) == (new, None)
    wrong = between(script, a, b, kind="moved")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "?kind")


def test_snapshots_of_two_streams_or_of_nobody_or_without_files_are_refused(stream: Any, script: Any) -> None:
    ExampleFactory(stream=stream)
    other = StreamFactory(slug="other", project=stream.project)
    ExampleFactory(stream=other)
    a, b = frozen(slice_of(stream)), frozen(slice_of(other, "theirs"))
    refused = between(script, a, b)
    assert (refused.status_code, refused.json()["code"]) == (422, "other_stream")
    assert script.get(f"/api/v1/snapshots/{a.pk}/diff/{10**9}").status_code == 404
    assert between(script, a, a).json()["counts"]["same"] == 1
    stream.organization.keepings.filter(snapshot=a).update(expired_at=timezone.now())
    gone = between(script, a, a)
    assert (gone.status_code, gone.json()["code"], Keeping.objects.count()) == (410, "expired", 2)


def test_the_page_says_the_same_and_is_reached_from_the_snapshot_and_the_slice(
    stream: Any, manager: Any
) -> None:
    queue = QueueFactory(stream=stream)
    moved, gone = ExampleFactory(stream=stream, key="moved"), ExampleFactory(stream=stream, key="gone")
    answered(queue, moved, "1")
    made = slice_of(stream)
    a = frozen(made)
    answered(queue, moved, "4")
    forget(stream, gone)
    b = frozen(made)
    there = f"/o/acme/projects/digits/snapshots/{b.pk}/"
    assert f'action="{there}diff/"' in manager.get(there).text
    assert address(a, b) in manager.get("/o/acme/projects/digits/slices/all/").text
    assert manager.get(f"{there}diff/").headers["Location"] == address(a, b)
    on = manager.get(f"/o/acme/projects/digits/snapshots/{a.pk}/diff/", {"with": b.pk})
    assert on.headers["Location"] == address(a, b)
    assert manager.get(f"{there}diff/", {"with": "x"}).status_code == 404
    shown = manager.get(address(a, b))
    assert shown.context["diff"].counts["relabeled"] == 1
    assert shown.context["moves"] == [{"before": "1", "after": "4", "n": 1, "same": False}]
    assert [(str(words), n) for words, n in shown.context["reasons"]] == [("erased", 1)]
    assert shown.context["rows"][0]["pk"] == gone.pk  # nobody came: who went is shown first
    listed = manager.get(address(a, b), {"kind": "relabeled"}).context["rows"]
    assert [(row["key"], row["labels"]) for row in listed] == [("moved", ["1", "4"])]
    stream.organization.keepings.filter(snapshot=a).update(expired_at=timezone.now())
    assert "kept long enough" in manager.get(address(a, b)).text


def test_the_page_asks_as_many_questions_about_one_member_as_about_many(stream: Any, manager: Any) -> None:
    ExampleFactory(stream=stream)
    made = slice_of(stream)
    counts = []
    for n in (1, 6):
        a = frozen(made)
        for _each in range(n):
            ExampleFactory(stream=stream)
        b = frozen(made)
        manager.get(address(a, b))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(manager.get(address(a, b)).context["rows"]) == n
        counts.append(len(asked))
    assert counts[0] == counts[1]
