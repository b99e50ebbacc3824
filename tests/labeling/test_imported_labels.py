"""Labels that come with examples: checked, kept with who said so, counted once, never over a person's answer here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.models import Annotation, ImportedPerson, Queue, Task
from projects.models import Example, LabelSchema
from slices.definitions.actions import Definition, create_slice, current
from slices.definitions.members import members
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import (
    AnnotationFactory,
    LabelSchemaFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)

URL = "/api/v1/projects/digits/streams/tags/examples"
pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    LabelSchemaFactory(project=stream.project, version=1)
    return stream


@pytest.fixture
def send(stream: Any, api: Any) -> Any:
    script = api(token(stream.organization, stream.project)[1])
    return lambda *rows, **more: script.post(
        URL, {"examples": list(rows)} | more, content_type="application/json"
    ).json()


def row(key: str, *said: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A row whose labels are (digit, by)."""
    return {"key": key, "labels": [{"answer": {"digit": digit}, "by": by} for digit, by in said]} | more


def labels() -> dict[str, tuple[str | None, str]]:
    return {one.key: (one.label, one.label_state) for one in Example.objects.all()}


def standing() -> list[tuple[str, str, str]]:
    rows = Annotation.objects.exclude(state="superseded").select_related("example", "said_by", "author")
    return sorted(
        (one.example.key, str(one.said_by or one.author or ""), f"{one.label} {one.state}") for one in rows
    )


def test_a_label_counts_says_who_and_when_and_is_kept_with_its_source(send: Any, stream: Any) -> None:
    said = {"answer": {"digit": "7"}, "by": "Ann Outside", "at": "2025-01-02T03:04:05Z"}
    answer = send({"key": "a", "labels": [said]}, {"key": "b"})
    assert (answer["created"], answer["labels"]) == (2, 1)
    kept = Annotation.objects.get()
    assert (kept.source, kept.state, kept.label, kept.selected_by) == ("import", "accepted", "7", "import")
    assert (kept.author, str(kept.said_by), kept.at.isoformat()) == (
        None,
        "Ann Outside",
        "2025-01-02T03:04:05+00:00",
    )
    assert labels() == {"a": ("7", "accepted"), "b": (None, "none")}
    queue, task = Queue.objects.get(), Task.objects.get()
    assert (queue.holds_imports, queue.counts, queue.state, task.state, task.open_slots) == (
        True,
        True,
        "paused",
        "accepted",
        0,
    )
    assert Event.objects.get(kind="labels.imported").data == {"queue": queue.pk, "examples": 1, "labels": 1}
    assert LabelSchema.objects.get().frozen_at is not None


def test_the_same_label_again_changes_nothing_and_another_one_supersedes(send: Any) -> None:
    send(row("a", ("7", "ann")))
    before = list(Annotation.objects.values())
    again = send(row("a", ("7", "ann")))
    assert (again["unchanged"], again.get("labels")) == (1, None)
    assert list(Annotation.objects.values()) == before
    other = send(row("a", ("1", "ann")))
    assert (other["updated"], other["labels"]) == (1, 1)
    assert sorted(Annotation.objects.values_list("label", "state")) == [
        ("1", "accepted"),
        ("7", "superseded"),
    ]
    assert labels() == {"a": ("1", "accepted")}


def test_what_more_than_half_say_counts_and_a_tie_counts_for_nothing(send: Any) -> None:
    send(row("a", ("7", "ann"), ("7", "bob"), ("1", "cy")), row("tie", ("7", "ann"), ("1", "bob")))
    assert labels() == {"a": ("7", "accepted"), "tie": (None, "pending")}
    send(row("a", ("1", "bob")), row("tie", ("1", "ann")))
    assert labels() == {"a": ("1", "accepted"), "tie": ("1", "accepted")}
    send(row("tie", ("7", "ann")))
    assert labels()["tie"] == (None, "pending")
    assert Task.objects.get(example__key="tie").state == "complete"
    assert standing() == [
        ("a", "ann", "7 submitted"),
        ("a", "bob", "1 submitted"),
        ("a", "cy", "1 accepted"),
        ("tie", "ann", "7 submitted"),
        ("tie", "bob", "1 submitted"),
    ]


def test_a_name_takes_the_place_of_nobody_in_particular_and_the_other_way_round(send: Any) -> None:
    send(row("a", ("7", "")))
    send(row("a", ("1", "ann")))
    assert (standing(), labels()["a"][0]) == ([("a", "ann", "1 accepted")], "1")
    send(row("a", ("3", "")))
    assert (standing(), labels()["a"][0]) == ([("a", "", "3 accepted")], "3")


def test_an_address_of_a_member_is_that_member(send: Any, stream: Any) -> None:
    ann = member(stream.organization, Role.LABELER, stream.project)
    stranger = member(ProjectFactory().organization, Role.LABELER)
    send(row("a", ("7", ann.email.upper())), row("b", ("7", stranger.email)))
    said = {one.example.key: (one.author, one.said_by) for one in Annotation.objects.all()}
    assert said["a"] == (ann, None)
    assert said["b"] == (None, ImportedPerson.objects.get(name=stranger.email))


def test_what_a_person_here_has_answered_is_never_overridden(send: Any, stream: Any) -> None:
    send(row("a", ("7", "ann")), row("b"))
    queue = QueueFactory(stream=stream, schema=LabelSchema.objects.get())
    for key in ("a", "b"):
        task = TaskFactory(queue=queue, example=Example.objects.get(key=key), state="accepted", open_slots=0)
        AnnotationFactory(task=task, label="5")
        Example.objects.filter(key=key).update(label="5", label_state="accepted", labeled_at=timezone.now())
    send(row("a", ("1", "ann")), row("b", ("1", "ann")))
    assert labels() == {"a": ("5", "accepted"), "b": ("5", "accepted")}
    assert {said for _key, who, said in standing() if who == "ann"} == {"1 submitted"}


@pytest.mark.parametrize(
    ("label", "pointer", "code"),
    [
        ({"answer": {"digit": "11"}}, "/answer/digit", "not_an_option"),
        ({"answer": {}}, "/answer/digit", "required"),
        ({"answer": {"digit": "1", "colour": "red"}}, "/answer/colour", "unknown"),
        ({"answer": 7}, "/answer", "type"),
        ({"answer": {"digit": "1"}, "by": "x" * 201}, "/by", "length"),
        ({"answer": {"digit": "1"}, "by": " ann"}, "/by", "format"),
        ({"answer": {"digit": "1"}, "at": "2025-01-02T03:04:05"}, "/at", "zone_missing"),
        ({"answer": {"digit": "1"}, "at": "9999-01-02T03:04:05Z"}, "/at", "out_of_range"),
        ({"answer": {"digit": "1"}, "when": "now"}, "", "unknown"),
        ({"answer": {"digit": "1" * 400}}, "/answer/digit", "not_an_option"),
        ({"answer": {"digit": "1\x00"}}, None, "nul_character"),
    ],
)
def test_a_label_that_does_not_fit_rejects_its_row_and_no_other(
    send: Any, label: Any, pointer: str | None, code: str
) -> None:
    answer = send({"key": "bad", "labels": [label]}, row("good", ("7", "")))
    assert [one["outcome"] for one in answer["rows"]] == ["rejected", "created"]
    error = answer["rows"][0]["errors"][0]
    expected = "/examples/0" if pointer is None else f"/examples/0/labels/0{pointer}"
    assert (error["pointer"], error["code"]) == (expected, code)
    assert labels() == {"good": ("7", "accepted")}


def test_one_person_has_one_say_in_a_row(send: Any) -> None:
    answer = send(row("a", ("7", "ann"), ("1", "ann")))
    assert answer["rows"][0]["errors"][0]["pointer"] == "/examples/0/labels/1/by"


def test_a_project_without_questions_has_no_labels(send: Any, stream: Any) -> None:
    LabelSchema.objects.all().delete()
    answer = send(row("a", ("7", "")), {"key": "b"})
    assert [one["outcome"] for one in answer["rows"]] == ["rejected", "created"]
    assert answer["rows"][0]["errors"][0]["code"] == "no_schema"


def test_labels_of_an_older_version_of_the_questions_stand_until_they_are_said_anew(
    send: Any, stream: Any
) -> None:
    send(row("a", ("7", "ann")))
    LabelSchemaFactory(project=stream.project, version=2)
    assert send(row("a", ("7", "ann")))["unchanged"] == 1
    send(row("a", ("1", "ann")))
    assert (Queue.objects.count(), labels(), standing()) == (
        2,
        {"a": ("1", "accepted")},
        [("a", "ann", "1 accepted")],
    )


def test_imported_labels_are_in_slices_but_not_among_those_drawn_by_lot(send: Any, stream: Any) -> None:
    send(row("a", ("7", ""), split="train"), {"key": "b", "split": "train"})
    made = {
        lot: create_slice(
            stream=stream,
            name=f"s{lot}",
            slug=f"s{lot}",
            definition=Definition(splits=("train",), random_only=lot),
            by=None,
        )
        for lot in (False, True)
    }
    found = {lot: [one.key for one in members(current(row), timezone.now())] for lot, row in made.items()}
    assert found == {False: ["a"], True: []}


def test_labels_come_with_lines_of_json_too(api: Any, stream: Any) -> None:
    script = api(token(stream.organization, stream.project)[1])
    body = b"".join(json.dumps(row(f"k{n}", ("7", "ann"))).encode() + b"\n" for n in range(3))
    answer = script.post(URL, body, content_type="application/x-ndjson")
    last = json.loads(b"".join(answer.streaming_content).splitlines()[-1])
    assert (last["created"], last["labels"]) == (3, 3)


def test_a_batch_of_labels_takes_as_many_statements_however_long_it_is(send: Any) -> None:
    send(row("first", ("7", "ann"), ("1", "bob"), ("1", "cy")))
    counts = []
    for n in (2, 30):  # a single one needs no lock to be counted
        with CaptureQueriesContext(connection) as asked:
            send(*(row(f"{n}-{i}", ("7", "ann"), ("1", "bob"), ("1", "cy")) for i in range(n)))
        counts.append(len(asked))
    assert counts[0] == counts[1]
