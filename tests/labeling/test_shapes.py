"""Boxes, polygons and passages as they are sent by the task page, and as other pages show them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.template import engines
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.answers.marked import pieces_of, shapes_of
from labeling.models import Annotation, Lease, Queue
from projects.streams.shown import Shown
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    LabelSchemaFactory,
    LeaseFactory,
    PredictionFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)

OPTIONS = [{"value": "cat", "title": "<Cat>"}, {"value": "dog"}]
ASKED: list[dict[str, Any]] = [
    {"name": name, "kind": name, "title": name, "options": OPTIONS, "required": False}
    for name in ("boxes", "polygons", "spans")
]
BOX = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4, "label": "cat"}
TRIANGLE = {"points": [[0, 0], [1, 0], [0.5, 1]], "label": "dog"}
CROSSED = TRIANGLE | {"points": [[0, 0], [1, 1], [1, 0], [0, 1]]}
PICTURE = Shown("image", "https://pictures.example/1.png", "pet-1")


@pytest.fixture
def lease() -> Lease:
    """A task about a picture, held by a labeler."""
    stream = StreamFactory()
    queue = QueueFactory(
        stream=stream, schema=LabelSchemaFactory(project=stream.project, questions=ASKED[:2])
    )
    example = ExampleFactory(stream=stream, media_uri="https://pictures.example/1.png")
    labeler = member(queue.organization, "labeler", queue.project)
    return LeaseFactory(task__queue=queue, task__example=example, task__open_slots=0, user=labeler)


def send(client: Client, lease: Lease, **fields: Any) -> Any:
    queue = lease.task.queue
    form = {"lease": lease.pk, "token": lease.token} | {
        name: json.dumps(value) for name, value in fields.items()
    }
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/answer/"
    return client.post(url, form, headers={"X-Fragment": "1"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("boxes", [BOX | {"x": 0.8}], "A box lies on the picture."),
        ("boxes", [BOX | {"x": float("nan")}], "This is answered by a list of at most 2000 marks."),
        ("boxes", [BOX] * 10_000, "This is answered by a list of at most 2000 marks."),
        ("polygons", [CROSSED], "This outline crosses itself after point 1."),
        ("polygons", [TRIANGLE | {"points": [[0, 0], [1, 1], [0.5, 0.5]]}], "A polygon has an area."),
    ],
)  # fmt: skip
def test_a_shape_that_is_none_is_refused_at_its_question(
    page: Any, lease: Lease, name: str, value: Any, said: str
) -> None:
    shown = send(page(lease.user), lease, **{name: value})
    assert shown.status_code == 422
    assert [(question.name, line) for question, line in shown.context["problems"]] == [(name, said)]
    assert Annotation.objects.count() == 0


@pytest.mark.django_db
def test_shapes_are_kept_as_they_came(page: Any, lease: Lease) -> None:
    assert send(page(lease.user), lease, boxes=[BOX], polygons=[TRIANGLE]).status_code == 204
    assert Annotation.objects.get().answer == {"boxes": [BOX], "polygons": [TRIANGLE]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("shows", "output", "begins"),
    [
        (True, {"boxes": [BOX], "polygons": [CROSSED]}, {"boxes": [BOX], "polygons": None}),
        (False, {"boxes": [BOX]}, {"boxes": None, "polygons": None}),
        (True, {"boxes": "many", "polygons": [[1]]}, {"boxes": None, "polygons": None}),
    ],
)
def test_what_a_model_marked_is_there_where_the_queue_shows_it_and_it_fits(
    page: Any, lease: Lease, shows: bool, output: Any, begins: Any
) -> None:
    task = lease.task
    Queue.objects.filter(pk=task.queue_id).update(show_predictions=shows)
    PredictionFactory(example=task.example, output=output)
    client, queue = page(lease.user), task.queue
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    shown = client.get(url)
    assert {row.name: json.loads(row.value or "null") for row in shown.context["questions"]} == begins
    assert (b"What the model marked" in shown.content) is any(begins.values())
    Lease.objects.filter(pk=lease.pk).update(draft={"boxes": []})
    assert {row.name: row.value for row in client.get(url).context["questions"]} == {
        "boxes": "[]",
        "polygons": "",
    }


def drawn(source: str, **context: Any) -> str:
    return str(engines["django"].from_string("{% load marks %}" + source).render({"asked": ASKED} | context))


def test_a_picture_is_shown_with_its_shapes_and_words_for_each() -> None:
    answer = {"boxes": [BOX], "polygons": [TRIANGLE]}
    html = drawn("{% picture_with_shapes media asked answer %}", media=PICTURE, answer=answer)
    assert html.count('points="0.100000,0.200000 0.400000,0.200000 0.400000,0.600000 0.100000,0.600000"') == 2
    assert 'x="10.00%" y="20.00%"' in html
    assert "box, 10–40 % across, 20–60 % down" in html
    assert "outline of 3 points, 0–100 % across, 0–100 % down" in html
    assert ("&lt;Cat&gt;" in html, "<Cat>" in html) == (True, False)


def test_nothing_marked_and_no_picture_are_said() -> None:
    html = drawn("{% picture_with_shapes media asked answer %}", media=Shown("", "", "pet-1"), answer={})
    assert ("Nothing is marked on it." in html, "<svg" in html) == (True, False)


def test_a_text_is_shown_with_its_passages_even_over_each_other() -> None:
    text = "Tom 🐈 sleeps <b>"
    marks = [(0, 3, "cat"), (2, 5, "dog"), (90, 99, "dog")]
    spans = [
        {"start": start, "end": end, "text": text[start:end].ljust(end - start), "label": label}
        for start, end, label in marks
    ]
    found = [
        (one.text, one.colour, one.is_over, one.tags) for one in pieces_of(text, ASKED, {"spans": spans})
    ]
    assert found == [
        ("To", 0, False, []),
        ("m", 1, True, [("<Cat>", 0)]),
        (" 🐈", 1, False, [("dog", 1)]),
        (" sleeps <b>", None, False, []),
    ]
    html = drawn("{% text_with_spans text asked answer %}", text=text, answer={"spans": spans})
    assert '<mark class="mark mark-1 is-over">m</mark>' in html
    assert ("&lt;b&gt;" in html, "<b>" in html) == (True, False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*BOX, "points", "start", "end", "text"]), inner),
)  # fmt: skip


@given(JSON, JSON, JSON)
@settings(max_examples=40)
def test_no_answer_is_so_odd_that_it_breaks_a_page(boxes: Any, polygons: Any, spans: Any) -> None:
    answer = {"boxes": boxes, "polygons": polygons, "spans": spans}
    assert isinstance(shapes_of(ASKED, answer), list)
    assert "".join(one.text for one in pieces_of("Tom sleeps", ASKED, answer)) == "Tom sleeps"


@pytest.mark.django_db
def test_the_page_of_an_example_draws_the_answer_that_counts(page: Any) -> None:
    answer = {"spans": [{"start": 4, "end": 7, "text": "Tom", "label": "cat"}], "boxes": [BOX]}
    stream = StreamFactory()
    schema = LabelSchemaFactory(project=stream.project, questions=ASKED)
    example = ExampleFactory(
        stream=stream, text="See Tom.", media_uri="https://pictures.example/1.png", media_type="image/png"
    )
    viewer = page(member(stream.organization, "viewer", stream.project))
    address = f"/o/{stream.organization.slug}/projects/{stream.project.slug}/examples/{example.pk}/"
    assert "No answer counts yet." in viewer.get(address).content.decode()
    queue = QueueFactory(stream=stream, schema=schema)
    task = TaskFactory(queue=queue, example=example, state="accepted", open_slots=0)
    AnnotationFactory(task=task, answer=answer)
    html = viewer.get(address).content.decode()
    assert html.count('<polygon class="shape mark-0"') == 1
    assert '<mark class="mark mark-0">Tom</mark>' in html
