"""The task page as the server sees it: forms of every kind, drafts, options that are searched; no error of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from labeling.answers.questions import key_of, keys_for
from labeling.models import Annotation, Lease, Queue
from projects.schemas.questions import KINDS
from tests.factories import (
    ExampleFactory,
    LabelSchemaFactory,
    LeaseFactory,
    QueueFactory,
    StreamFactory,
    member,
)

TWO = [{"value": "cat", "title": "Cat"}, {"value": "dog"}]
TEXT = "Tom 🐈 sleeps"
MARK = {"start": 4, "end": 5, "text": "🐈", "label": "cat"}
ASKED: list[dict[str, Any]] = [
    {"name": "choice", "kind": "choice", "title": "?", "options": TWO, "required": False},
    {"name": "choices", "kind": "choices", "title": "?", "options": TWO, "required": False},
    {"name": "boolean", "kind": "boolean", "title": "?", "required": False},
    {"name": "number", "kind": "number", "title": "?", "required": False},
    {"name": "rating", "kind": "rating", "title": "?", "max": 5, "required": False},
    {"name": "text", "kind": "text", "title": "?", "required": False},
    {"name": "ranking", "kind": "ranking", "title": "?", "options": TWO, "required": False},
    {"name": "pairwise", "kind": "pairwise", "title": "?", "options": TWO, "required": False},
    {"name": "spans", "kind": "spans", "title": "?", "options": TWO, "required": False},
    {"name": "tame", "kind": "boolean", "title": "?", "visible_if": {"question": "choice", "is": "cat"}},
]
TREE = [{"value": "top"}, *({"value": f"leaf {n}", "parent": "top"} for n in range(20_000 - 1))]


def held(asked: list[dict[str, Any]], **example: Any) -> Lease:
    """A task that asks this, held by a labeler."""
    stream = StreamFactory()
    schema = LabelSchemaFactory(project=stream.project, questions=asked)
    queue = QueueFactory(stream=stream, schema=schema)
    example = ExampleFactory(stream=stream, **{"text": TEXT} | example)
    labeler = member(queue.organization, "labeler", queue.project)
    return LeaseFactory(task__queue=queue, task__example=example, task__open_slots=0, user=labeler)


def address(queue: Queue, name: str = "") -> str:
    return f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/{name}"


def send(client: Client, lease: Lease, name: str = "answer/", **fields: Any) -> Any:
    form = {"lease": lease.pk, "token": lease.token} | fields
    return client.post(address(lease.task.queue, name), form, headers={"X-Fragment": "1"})


def test_the_samples_are_of_every_kind_but_shapes() -> None:
    assert {row["kind"] for row in ASKED} == KINDS.keys() - {"boxes", "polygons"}


@pytest.mark.django_db
def test_a_form_is_read_as_values_of_json(page: Any) -> None:
    lease = held(ASKED)
    sent = {
        "choice": "cat", "choices": ["", "dog", "cat"], "boolean": "false", "number": "3", "rating": "5",
        "text": "a\r\nb", "ranking": '["dog", "cat"]', "pairwise": "tie", "spans": json.dumps([MARK]), "tame": "true",
    }  # fmt: skip
    assert send(page(lease.user), lease, **sent).status_code == 204
    assert Annotation.objects.get().answer == {
        "choice": "cat", "choices": ["dog", "cat"], "boolean": False, "number": 3, "rating": 5,
        "text": "a\nb", "ranking": ["dog", "cat"], "pairwise": "tie", "spans": [MARK], "tame": True,
    }  # fmt: skip
    assert Annotation.objects.get().label == "cat"


NASTY = [
    "\x00", b"\xed\xa0\x80", "[" * 5000, "NaN", "1e999", "9" * 300, '{"a": 1}', "_", "1_0", '["\\ud800", null]',
    '[{"start": 1e9}]', "true", "-", "٣",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["answer/", "draft/"])
def test_whatever_is_sent_is_answered_in_words(page: Any, name: str) -> None:
    lease = held([{**row, "required": True} for row in ASKED])
    client = page(lease.user)
    for value in NASTY:
        sent = send(client, lease, name, **{row["name"]: value for row in ASKED})
        assert sent.status_code == (422 if name == "answer/" else 200), value
        assert client.get(address(lease.task.queue)).status_code == 200, value
    assert Annotation.objects.count() == 0


@pytest.mark.django_db
def test_an_answer_to_what_is_not_asked_is_refused_at_its_question(page: Any) -> None:
    lease = held(ASKED)
    shown = send(page(lease.user), lease, choice="dog", tame="true")
    assert shown.status_code == 422
    problems = [(question.name, line) for question, line in shown.context["problems"]]
    assert problems == [("tame", "This question is not asked after the other answers; leave it out.")]
    assert b'href="#question-tame"' in shown.content


@pytest.mark.django_db
def test_a_passage_has_to_say_what_the_example_says(page: Any) -> None:
    lease = held(ASKED)
    shown = send(page(lease.user), lease, spans=json.dumps([MARK | {"text": "🐕"}]))
    assert [question.name for question, _line in shown.context["problems"]] == ["spans"]


@pytest.mark.django_db
def test_a_draft_is_kept_for_who_holds_the_task_and_shown_again(page: Any) -> None:
    lease = held(ASKED)
    client, url = page(lease.user), address(lease.task.queue)
    assert send(client, lease, "draft/", choice="dog", number="4 or 5", ranking='["dog"]').json() == {
        "kept": True
    }
    lease.refresh_from_db()
    assert lease.draft == {"choice": "dog", "number": "4 or 5", "ranking": ["dog"]}
    shown = client.get(url)
    assert b"What you had begun is here again." in shown.content
    assert b'value="4 or 5"' in shown.content
    assert send(client, lease, "draft/", token=lease.token + 1, choice="cat").json() == {"kept": False}
    stranger = member(lease.organization, "labeler", lease.task.queue.project)
    assert send(page(stranger), lease, "draft/", choice="cat").status_code == 404
    lease.refresh_from_db()
    assert lease.draft["choice"] == "dog"


@pytest.mark.django_db
def test_what_a_reviewer_gave_back_is_there_to_be_mended(page: Any) -> None:
    lease = held(ASKED)
    client = page(lease.user)
    send(client, lease, choice="dog", tame="")
    Lease.objects.filter(pk=lease.pk).update(state=Lease.State.HELD, note="Look again.")
    asked = client.get(address(lease.task.queue)).context["questions"]
    assert [(row.name, option.value) for row in asked for option in row.options if option.chosen] == [
        ("choice", "dog")
    ]


@pytest.mark.django_db
def test_many_options_are_searched_by_the_server_and_not_sent(page: Any) -> None:
    lease = held([{"name": "breed", "kind": "choice", "title": "Which?", "options": TREE}])
    client, queue = page(lease.user), lease.task.queue
    assert len(client.get(address(queue)).content) < 40_000
    found = client.get(address(queue, "options/"), {"question": "breed", "q": "leaf 1999"}).json()
    assert (found["options"][0], found["count"]) == (
        {"value": "leaf 1999", "title": "leaf 1999", "above": ["top"], "below": 0},
        11,
    )
    top = client.get(address(queue, "options/"), {"question": "breed"}).json()
    assert top == {"options": [{"value": "top", "title": "top", "above": [], "below": 19_999}], "count": 1}
    assert client.get(address(queue, "options/"), {"question": "none"}).status_code == 404
    assert send(client, lease, breed="leaf 7").status_code == 204
    assert Annotation.objects.get().label == "leaf 7"


def test_the_page_keeps_its_keys_from_schemas_that_took_them_before() -> None:
    options = [{"value": "sad", "key": "s"}, {"value": "dull", "key": "d"}, {"value": "glad"}]
    assert keys_for(options) == ["1", "d", "2"]
    assert key_of({"key": "i"}) == ""
