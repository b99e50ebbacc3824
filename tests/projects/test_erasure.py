"""Erasing: gone from every page at once, its key for good; what others kept of it follows, whatever dies meanwhile."""

from __future__ import annotations

import base64
import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from PIL import Image

from projects.erasure.watching import look_after
from projects.models import EarlierUpload, Erasure, Example, Media, Prediction
from projects.streams import actions, receiving
from projects.streams.media import signed_url
from projects.streams.rows import RowIn
from teams.access.actions import issue_token
from teams.identity.roles import PIPELINE, Role
from teams.models import Event, Job
from teams.work import erasing
from teams.work.erasing import Doomed, NotYet, register_eraser
from tests.factories import (
    AnnotationFactory,
    AskFactory,
    ExampleFactory,
    LeaseFactory,
    PredictionFactory,
    ProjectFactory,
    QueueFactory,
    ReviewFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)

PROJECT = "/api/v1/projects/digits"
STREAM = f"{PROJECT}/streams/tags"
JSON: dict[str, Any] = {"content_type": "application/json"}
MANAGING = ("projects.view_project", "projects.manage_project")


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))


@pytest.fixture
def manager(stream) -> Any:
    return member(stream.organization, Role.MANAGER, stream.project)


@pytest.fixture
def script(stream, manager, api) -> Any:
    """A manager's script."""
    verbs = [*MANAGING, *PIPELINE]
    _row, text = issue_token(
        organization=stream.organization, user=manager, name="erasures", verbs=verbs, by=manager
    )
    return api(text)


def erase(script: Any, **said: Any) -> Any:
    return script.post(f"{PROJECT}/erasures", said, **JSON)


def work() -> None:
    call_command("work", "--all", "--once")


def send(script: Any, *rows: dict[str, Any], **more: Any) -> Any:
    return script.post(f"{STREAM}/examples", {"examples": list(rows)} | more, **JSON).json()


def png(shade: int) -> str:
    buffer = BytesIO()
    Image.new("L", (8, 8), shade).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.django_db
def test_an_erased_example_is_gone_from_every_read_at_once(stream, script) -> None:
    gone, kept = ExampleFactory(stream=stream, key="ann-1"), ExampleFactory(stream=stream, key="bob-1")
    answer = erase(script, stream="tags", keys=["ann-1", "nobody"], reference="ticket 7")
    said = answer.json()
    assert (answer.status_code, said["state"], said["examples"], said["unknown"]) == (201, "erasing", 1, 1)
    listed = script.get(f"{STREAM}/examples").json()["results"]
    assert [row["key"] for row in listed] == ["bob-1"]
    for url in (f"/api/v1/examples/{gone.pk}", f"{STREAM}/examples/by-key?key=ann-1"):
        answer = script.get(url)
        assert (answer.status_code, answer.json()["code"], answer.json()["id"]) == (410, "erased", gone.pk)
    assert script.get(f"/api/v1/examples/{kept.pk}").json()["key"] == "bob-1"
    assert script.get(f"{STREAM}/examples/by-key?key=bob-1").json()["id"] == kept.pk
    assert script.get("/api/v1/examples/999999999").status_code == 404


@pytest.mark.django_db
def test_its_page_says_that_it_was_erased(stream, manager, script, page) -> None:
    gone = ExampleFactory(stream=stream, key="ann-1")
    here = f"/o/{stream.organization.slug}/projects/digits/examples"
    stranger = StreamFactory(organization=stream.organization, project__organization=stream.organization)
    elsewhere = f"/o/{stream.organization.slug}/projects/{stranger.project.slug}/examples"
    erase(script, ids=[gone.pk])
    browser = page(manager)
    answer = browser.get(f"{here}/{gone.pk}/")
    assert (answer.status_code, "This example was erased" in answer.content.decode()) == (410, True)
    assert browser.get(f"{here}/{gone.pk + 1000}/").status_code == 404
    assert browser.get(f"{elsewhere}/{gone.pk}/").status_code == 404


@pytest.mark.django_db
def test_its_key_cannot_be_sent_again(stream, script) -> None:
    ExampleFactory(stream=stream, key="ann-1")
    erase(script, stream="tags", keys=["ann-1"])
    said = send(script, {"key": "ann-1", "text": "back again"}, {"key": "new"})
    assert [row["outcome"] for row in said["rows"]] == ["rejected", "created"]
    assert said["rows"][0]["errors"][0]["code"] == "erased"
    assert sorted(Example.objects.values_list("key", flat=True)) == ["new"]
    models = {"name": "m", "version": "1"}
    rows = [{"key": key, "label": "3"} for key in ("ann-1", "new", "never")]
    told = script.post(f"{STREAM}/predictions", {"model": models, "predictions": rows}, **JSON).json()["rows"]
    codes = [row.get("errors", [{"code": row["outcome"]}])[0]["code"] for row in told]
    assert codes == ["erased", "created", "unknown_example"]


@pytest.mark.django_db
def test_a_key_is_erased_on_its_own_stream_only(stream, script) -> None:
    other = StreamFactory(project=stream.project, slug="other")
    ExampleFactory(stream=stream, key="ann-1")
    ExampleFactory(stream=other, key="ann-1")
    erase(script, stream="tags", keys=["ann-1"])
    assert list(Example.objects.values_list("stream__slug", "key")) == [("other", "ann-1")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"), [("store", "s-17"), ("camera", "c-1"), ("weight", 12), ("shelf", "12"), ("shelf", 12)]
)
def test_everything_of_one_person_is_found_by_an_attribute(stream, script, name: str, value: Any) -> None:
    other = StreamFactory(project=stream.project, slug="other")
    mine = {"store": "s-17", "camera": "c-1", "weight": 12, "shelf": 12}
    for channel in (stream, other):
        ExampleFactory(stream=channel, key="mine", attributes=mine, k1="s-17", n1=12)
        ExampleFactory(stream=channel, key="others", attributes={"store": "s-18"}, k1="s-18", n1=None)
    said = erase(script, attribute={"name": name, "value": value}).json()
    assert (said["examples"], said["state"]) == (2, "erasing")
    assert sorted(Example.objects.values_list("key", flat=True)) == ["others", "others"]
    assert Erasure.objects.get().wanted is None


@pytest.mark.django_db
def test_people_lose_the_task_and_nothing_of_their_answers_stays(stream, script) -> None:
    queue = QueueFactory(stream=stream)
    ours = ExampleFactory(stream=stream, key="ann-1")
    held = LeaseFactory(task=TaskFactory(queue=queue, example=ours), draft={"digit": "1"})
    other = TaskFactory(queue=QueueFactory(stream=stream), example=ours, state="accepted", open_slots=0)
    ReviewFactory(annotation=AnnotationFactory(task=other), verdict="return", reason="her face")
    AskFactory(task=TaskFactory(queue=QueueFactory(stream=stream), example=ours), name="who")
    PredictionFactory(example=ours)
    bystander = AnnotationFactory(task=TaskFactory(queue=queue, state="accepted", open_slots=0))
    said = erase(script, ids=[ours.pk]).json()
    counts = {row["name"]: row["n"] for row in said["parts"]}
    assert counts == {
        "asks": 1,
        "issues": 0,
        "reviews": 1,
        "answers": 1,
        "tasks": 3,
        "groups": 0,
        "checked-labels": 0,
        "children": 0,
        "measured": 0,
        "recalled": 0,
        "redactions": 0,
        "predictions": 1,
        "examples": 1,
    }
    organization = stream.organization
    left = [organization.tasks, organization.leases, organization.annotations, organization.asks]
    assert [list(rows.values_list("pk", flat=True)) for rows in left] == [
        [bystander.task_id],
        [],
        [bystander.pk],
        [],
    ]
    assert (Prediction.objects.count(), held.pk > 0) == (0, True)


@pytest.mark.django_db
def test_what_others_kept_goes_in_jobs_and_the_end_is_an_event(stream, script) -> None:
    ExampleFactory(stream=stream, key="ann-1")
    row = erase(script, stream="tags", keys=["ann-1"]).json()
    job = Job.objects.create(
        organization=stream.organization, kind="tasks.route", state="dead", error="ValueError: ann was here"
    )
    work()
    said = script.get(f"{PROJECT}/erasures/{row['id']}").json()
    assert (said["state"], {part["done"] for part in said["parts"]}) == ("done", {True})
    job.refresh_from_db()
    assert job.error == "ValueError: (what it said is removed: something was erased)"
    kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))
    assert [kind for kind in kinds if kind.startswith(("example", "erasure"))] == [
        "erasure.asked",
        "example.erased",
        "erasure.finished",
    ]


@pytest.mark.django_db
def test_an_upload_goes_unless_another_example_shows_it(stream, manager, script, page, files: Path) -> None:
    alone, shared = png(10), png(200)
    send(
        script,
        {"key": "ann-1", "media": {"data": alone}},
        {"key": "ann-2", "media": {"data": shared}},
        {"key": "bob-1", "media": {"data": shared}},
    )
    rows = {row.key: row for row in Example.objects.select_related("stream")}
    urls = {key: signed_url(stream.organization, row) for key, row in rows.items()}
    browser = page(manager)
    assert [browser.get(url).status_code for url in urls.values()] == [200, 200, 200]
    erase(script, stream="tags", keys=["ann-1", "ann-2"])
    assert {key: browser.get(url).status_code for key, url in urls.items()} == {
        "ann-1": 410,
        "ann-2": 200,
        "bob-1": 200,
    }
    work()
    assert [row.digest for row in Media.objects.all()] == [rows["bob-1"].media_uri.removeprefix("sluice:")]
    stored = [path for path in files.rglob("*") if path.is_file() and "/media/" in str(path)]
    assert [path.read_bytes() for path in stored] == [base64.b64decode(shared)]
    assert {key: browser.get(url).status_code for key, url in urls.items()} == {
        "ann-1": 410,
        "ann-2": 200,
        "bob-1": 200,
    }


@pytest.mark.django_db
def test_the_same_request_again_is_the_same_erasure(stream, script) -> None:
    ours = ExampleFactory(stream=stream, key="ann-1")
    first = erase(script, stream="tags", keys=["ann-1"])
    again = erase(script, stream="tags", keys=["ann-1"])
    by_id = erase(script, ids=[ours.pk])
    assert [row.status_code for row in (first, again, by_id)] == [201, 200, 200]
    assert {row.json()["id"] for row in (first, again, by_id)} == {Erasure.objects.get().pk}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({}, 422, "which"),
        ({"keys": ["a"]}, 422, "required"),
        ({"keys": ["a"], "stream": "nowhere"}, 422, "unknown_stream"),
        ({"keys": ["a"], "stream": "tags"}, 422, "nothing_found"),
        ({"ids": [5], "keys": ["a"], "stream": "tags"}, 422, "which"),
        ({"ids": [0]}, 422, "min_value"),
        ({"attribute": {"name": "no such thing", "value": "x"}}, 422, "name"),
        ({"attribute": {"name": "store", "value": None}}, 422, "null"),
        ({"attribute": {"name": "store", "value": ""}}, 422, "required"),
        ({"attribute": {"name": "store", "value": ["x"]}}, 422, "invalid"),
        ({"attribute": {"name": "store", "value": "a\x00b"}}, 422, "nul_character"),
        ({"attribute": {"name": "store", "value": "\ud800"}}, 400, "unreadable"),
        ({"keys": ["\ud800"], "stream": "tags"}, 400, "unreadable"),
        ({"ids": [1], "speed": "fast"}, 422, "invalid"),
    ],
)
def test_a_request_that_is_not_clear_erases_nothing(stream, script, said, status, code) -> None:
    ExampleFactory(stream=stream, key="ann-1")
    answer = erase(script, **said)
    codes = {row["code"] for row in answer.json().get("errors", [])} | {answer.json()["code"]}
    assert (answer.status_code, code in codes, Example.objects.count()) == (status, True, 1)
    assert (Erasure.objects.count(), Event.objects.filter(kind="erasure.asked").count()) == (0, 0)


@pytest.mark.django_db
def test_only_who_manages_the_project_may_erase(stream, api, page) -> None:
    ours = ExampleFactory(stream=stream, key="ann-1")
    _row, text = token(stream.organization, stream.project)
    assert erase(api(text), ids=[ours.pk]).status_code == 403
    reviewer = member(stream.organization, Role.REVIEWER, stream.project)
    here = f"/o/{stream.organization.slug}/projects/digits/erasures/"
    assert page(reviewer).get(here).status_code == 403
    assert Example.objects.count() == 1


@pytest.mark.django_db
def test_a_dry_run_says_what_would_go_and_leaves_it(stream, script) -> None:
    ours = ExampleFactory(stream=stream, key="ann-1")
    AnnotationFactory(task=TaskFactory(queue=QueueFactory(stream=stream), example=ours))
    PredictionFactory(example=ours)
    answer = erase(script, stream="tags", keys=["ann-1", "nobody"], dry_run=True)
    said = answer.json()
    assert (answer.status_code, said["state"], said["examples"], said["unknown"]) == (200, "dry_run", 1, 1)
    counts = {row["name"]: row["n"] for row in said["parts"]}
    assert [counts[name] for name in ("answers", "tasks", "predictions")] == [1, 1, 1]
    assert (Example.objects.count(), Erasure.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_a_manager_sees_what_goes_types_the_word_and_watches(stream, manager, page) -> None:
    ours = ExampleFactory(stream=stream, key="ann-1")
    ExampleFactory(stream=stream, key="bob-1")
    browser, here = page(manager), f"/o/{stream.organization.slug}/projects/digits/erasures/"
    assert str(ours.pk) in browser.get(f"{here}?example={ours.pk}").content.decode()
    form = {"by": "keys", "stream": stream.pk, "named": "ann-1\r\n", "reference": "letter of 3 May"}
    asked = browser.post(here, form)
    assert (asked.status_code, "erase 1" in asked.content.decode()) == (200, True)
    assert browser.post(here, form | {"typed": "erase 2"}).status_code == 422
    assert Example.objects.count() == 2
    done = browser.post(here, form | {"typed": "erase 1"}, follow=True)
    assert (done.redirect_chain[-1][1], "letter of 3 May" in done.content.decode()) == (303, True)
    assert [row.key for row in Example.objects.all()] == ["bob-1"]
    work()
    assert "Nothing of these examples is kept" in browser.get(done.redirect_chain[-1][0]).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"by": "keys", "named": "a"},
        {"by": "ids", "named": "a"},
        {"by": "ids", "named": ""},
        {"by": "ids", "named": "99999"},
        {"by": "attribute", "attribute": "store"},
        {"by": "attribute", "attribute": "a b", "value": "x"},
        {"by": "magic"},
        {"by": "ids", "named": "1", "stream": "999999"},
    ],
)
def test_a_form_that_is_not_clear_comes_back(stream, manager, page, wrong: dict[str, str]) -> None:
    answer = page(manager).post(f"/o/{stream.organization.slug}/projects/digits/erasures/", wrong)
    assert (answer.status_code, "There is a problem" in answer.content.decode()) == (422, True)


@pytest.mark.django_db
def test_the_lists_of_erasures_ask_the_same_number_of_questions_however_many(
    stream, manager, script, page, django_assert_max_num_queries, monkeypatch
) -> None:
    here = f"/o/{stream.organization.slug}/projects/digits/erasures/"
    counts = []
    for n in range(3):
        ExampleFactory(stream=stream, key=f"ann-{n}")
        erase(script, stream="tags", keys=[f"ann-{n}"])
        with django_assert_max_num_queries(60) as seen:
            page(manager).get(here)
            script.get(f"{PROJECT}/erasures")
        counts.append(len(seen))
    assert counts[0] == counts[2]
    assert [row["id"] for row in script.get(f"{PROJECT}/erasures").json()["results"]] == sorted(
        Erasure.objects.values_list("pk", flat=True)
    )


@pytest.mark.django_db
def test_a_step_that_fails_is_tried_again_and_its_words_are_kept_nowhere(
    stream, script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "ERASERS", dict(erasing.ERASERS))
    tried: list[int] = []

    def stubborn(doomed: Doomed) -> int:
        tried.append(len(doomed.example_ids))
        if len(tried) == 1:
            raise NotYet
        if len(tried) < 8:
            raise ValueError("ann-1 is still here")
        return 2

    register_eraser("stubborn", stubborn, words="stubborn")
    ExampleFactory(stream=stream, key="ann-1")
    erase(script, stream="tags", keys=["ann-1"])
    for _ in range(8):
        work()
        Job.objects.filter(state="queued").update(run_after=timezone.now())
    erasure = Erasure.objects.get()
    assert (erasure.done_at, Job.objects.get(state="dead").error) == (
        None,
        "EraserFailed: stubborn: ValueError",
    )
    assert look_after(timezone.now() + timedelta(minutes=6)) == 1
    assert look_after(timezone.now() + timedelta(minutes=6)) == 0
    for _ in range(3):
        work()
        Job.objects.filter(state="queued").update(run_after=timezone.now())
    erasure.refresh_from_db()
    assert (erasure.done_at is not None, erasure.steps.get(name="stubborn").n) == (True, 2)


@pytest.mark.django_db
def test_very_many_go_batch_by_batch_and_what_was_looked_for_is_forgotten(
    stream, script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.erasure.marking.BATCH", 2)
    for n in range(5):
        ExampleFactory(stream=stream, key=f"ann-{n}", k1="s-17")
    said = erase(script, attribute={"name": "store", "value": "s-17"}).json()
    assert (said["state"], said["examples"], Example.objects.count()) == ("marking", 2, 3)
    work()
    row = Erasure.objects.get()
    assert (row.n, row.wanted, row.done_at is not None, Example.objects.count()) == (5, None, True, 0)
    assert {step.name: step.n for step in row.steps.filter(name="examples")} == {"examples": 5}


@pytest.mark.django_db
def test_an_erasure_that_nobody_is_at_is_taken_up_by_the_clock(stream, script) -> None:
    ExampleFactory(stream=stream, key="ann-1")
    erase(script, stream="tags", keys=["ann-1"])
    Job.objects.all().delete()
    assert look_after(timezone.now()) == 1
    work()
    assert Erasure.objects.get().done_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_meets_an_erasure_does_not_bring_the_example_back(
    stream, script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch has looked for erased keys and found none; then the example is erased; then the batch writes."""
    ExampleFactory(stream=stream, key="ann-1")
    write, erased = receiving.write, []

    def late(*args: Any) -> Any:
        if not erased:
            erased.append(True)
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
        return write(*args)

    def elsewhere() -> None:
        erase(script, stream="tags", keys=["ann-1"])
        connection.close()

    monkeypatch.setattr(receiving, "write", late)
    received = actions.receive(stream=stream, rows=[RowIn("ann-1", text="again"), RowIn("new")], by=None)
    assert [row.outcome for row in received.rows] == ["rejected", "created"]
    assert [row.key for row in Example.objects.all()] == ["new"]


@pytest.mark.django_db
def test_a_group_that_an_import_placed_is_forgotten_with_its_last_example(stream, script) -> None:
    groups = stream.organization.split_assignments
    for key in ("ann", "bob", "cat-1"):
        groups.create(stream=stream, split_key=key, bucket=5)
    for n, group in enumerate(("ann", "ann", "bob")):
        ExampleFactory(stream=stream, key=f"{group}-{n}", split_key=group)
    ExampleFactory(stream=stream, key="cat-1")
    left = []
    for key in ("ann-0", "ann-1", "cat-1"):
        erase(script, stream="tags", keys=[key])
        left.append(sorted(groups.values_list("split_key", flat=True)))
    assert left == [["ann", "bob", "cat-1"], ["bob", "cat-1"], ["bob"]]


@pytest.mark.django_db
def test_pictures_that_an_example_showed_earlier_go_too_unless_another_shows_them(
    stream, script, files: Path
) -> None:
    first, shared, last = png(10), png(100), png(200)
    send(script, {"key": "bob-1", "media": {"data": shared}})
    for data in (first, shared, last, first, last):
        send(script, {"key": "ann-1", "media": {"data": data}})
    assert Media.objects.count() == 3
    erase(script, stream="tags", keys=["ann-1"])
    work()
    stored = [path for path in files.rglob("*") if path.is_file() and "/media/" in str(path)]
    assert [path.read_bytes() for path in stored] == [base64.b64decode(shared)]
    assert (Media.objects.count(), EarlierUpload.objects.count()) == (1, 0)
