"""Every kind of question: what a schema may ask, and which answers fit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeling.models import Queue
from projects.models import LabelSchema
from projects.schemas.answers import check_answer, label_of
from projects.schemas.questions import KINDS, check_questions
from tests.factories import LabelSchemaFactory, ProjectFactory, StreamFactory, member

TWO = [{"value": "cat"}, {"value": "dog"}]
ASKED: dict[str, dict[str, Any]] = {
    "choice": {"options": TWO},
    "choices": {"options": TWO},
    "boolean": {},
    "number": {"min": 0, "max": 10},
    "rating": {"max": 5},
    "text": {},
    "ranking": {"options": TWO},
    "spans": {"options": TWO},
    "boxes": {"options": TWO},
    "polygons": {"options": [{"value": "cat"}]},
    "pairwise": {"options": TWO},
}
BOX = {"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.8, "label": "cat"}
SPAN = {"start": 3, "end": 6, "text": "tom", "label": "cat"}
TRIANGLE: dict[str, Any] = {"points": [[0, 0], [1, 0], [0.5, 1]], "label": "cat"}
BOW_TIE = [[0, 0], [1, 1], [1, 0], [0, 1]]


def question(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": "it", "kind": kind, "title": "What is it?"} | ASKED[kind] | more


def errors(kind: str, value: Any, **more: Any) -> list[tuple[str, str]]:
    schema = LabelSchema(questions=[question(kind, **more)])
    return [(error.pointer, error.code) for error in check_answer(schema, {"it": value})]


def test_the_samples_here_are_of_every_kind() -> None:
    assert ASKED.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_question_can_be_asked(kind: str) -> None:
    assert check_questions([question(kind)]) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("choice", "cat"),
        ("choices", []),
        ("choices", ["dog", "cat"]),
        ("boolean", False),
        ("number", 0),
        ("number", 2.5),
        ("rating", 5),
        ("text", "words\nover two lines"),
        ("ranking", ["dog", "cat"]),
        ("spans", [SPAN]),
        ("spans", []),
        ("boxes", [BOX, BOX | {"label": "dog"}]),
        ("polygons", [TRIANGLE]),
    ],
)
def test_an_answer_that_fits_has_no_errors(kind: str, value: Any) -> None:
    assert errors(kind, value) == []


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        ("choice", "cow", ("/it", "not_an_option")),
        ("choice", ["cat"], ("/it", "not_an_option")),
        ("choices", "cat", ("/it", "type")),
        ("choices", ["cat", "cow"], ("/it/1", "not_an_option")),
        ("choices", ["cat", "cat"], ("/it", "twice")),
        ("boolean", 1, ("/it", "type")),
        ("number", True, ("/it", "type")),
        ("number", float("nan"), ("/it", "type")),
        ("number", float("inf"), ("/it", "type")),
        ("number", 11, ("/it", "out_of_range")),
        ("rating", 0, ("/it", "out_of_range")),
        ("rating", 2.0, ("/it", "out_of_range")),
        ("text", 5, ("/it", "type")),
        ("text", "a\x00b", ("/it", "text")),
        ("text", "\ud800", ("/it", "text")),
        ("ranking", ["dog"], ("/it", "incomplete")),
        ("spans", [SPAN | {"end": 3}], ("/it/0", "span")),
        ("spans", [SPAN | {"text": "tomcat"}], ("/it/0/text", "span_text")),
        ("spans", [SPAN | {"label": "cow"}], ("/it/0/label", "not_an_option")),
        ("boxes", [BOX | {"width": 0}], ("/it/0", "empty")),
        ("boxes", [BOX | {"x": 0.6}], ("/it/0", "outside")),
        ("boxes", [BOX | {"x": 60}], ("/it/0", "fractions")),
        ("boxes", [BOX | {"angle": 3}], ("/it/0/angle", "unknown")),
        ("boxes", [[0, 0, 1, 1]], ("/it/0", "type")),
        ("polygons", [TRIANGLE | {"points": [[0, 0], [1, 1]]}], ("/it/0/points", "points")),
        ("polygons", [TRIANGLE | {"points": [[0, 0], [1, 1], [2, 0]]}], ("/it/0/points", "fractions")),
        (
            "polygons",
            [TRIANGLE | {"points": [[0, 0], [0, float("nan")], [1, 0]]}],
            ("/it/0/points", "fractions"),
        ),
        ("polygons", [TRIANGLE | {"points": [[0, 0], [0.5, 0.5], [1, 1]]}], ("/it/0/points", "empty")),
        ("polygons", [TRIANGLE, TRIANGLE | {"points": BOW_TIE}], ("/it/1/points", "crossing")),
        ("polygons", [TRIANGLE] * 10_000, ("/it", "type")),
        ("polygons", [TRIANGLE | {"points": TRIANGLE["points"] * 600}] * 12, ("/it", "too_many")),
        ("boxes", [BOX] * 10_000, ("/it", "type")),
        ("boxes", [BOX | {"x": float("nan")}], ("/it/0", "fractions")),
        ("boxes", [BOX | {"y": True}], ("/it/0", "fractions")),
    ],
)
def test_an_answer_that_does_not_fit_is_told_where(kind: str, value: Any, wrong: tuple[str, str]) -> None:
    assert errors(kind, value) == [wrong]


@given(
    kind=st.sampled_from(sorted(KINDS)),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["label", "points", "x", "start", "end", "text"]), inner)
        ),
    ),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_value_of_json_breaks_the_check(kind: str, value: Any) -> None:
    assert isinstance(errors(kind, value), list)


def test_a_question_that_is_not_required_may_stay_open() -> None:
    assert errors("text", None, required=False) == []
    assert errors("text", None) == [("/it", "required")]


def test_the_label_is_the_first_answer_in_one_word() -> None:
    schema = LabelSchema(questions=[question("boxes"), question("boolean", name="ok"), question("choice")])
    assert label_of(schema, {"boxes": [BOX], "ok": True, "it": "cat"}) == "true"
    assert label_of(LabelSchema(questions=[question("boxes")]), {"it": [BOX]}) == ""


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        (question("choice", options=[{"value": "cat"}]), "/0/options"),
        (question("rating", max=1), "/0/max"),
        (question("number", min=3, max=1), "/0/max"),
        (question("number", min="low"), "/0/min"),
        (question("boolean", options=TWO), "/0/options"),
        (question("text", required="yes"), "/0/required"),
        (question("text", key="i"), "/0/key"),
        (question("choice", options=[{"value": "cat", "key": "s"}, {"value": "dog"}]), "/0/options/0/key"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_where(row: dict[str, Any], pointer: str) -> None:
    assert [error.pointer for error in check_questions([row])] == [pointer]


@pytest.mark.django_db
def test_a_queue_asks_only_what_its_page_can_show(page: Any) -> None:
    stream = StreamFactory(project=ProjectFactory())
    labels = [{"value": f"label {number}"} for number in range(101)]
    schema = LabelSchemaFactory(project=stream.project, questions=[question("boxes", options=labels)])
    browser, add = page(member(stream.organization, "owner")), reverse("admin:labeling_queue_add")
    here = re.search(r'name="desk_here" value="([^"]+)"', browser.get(add).content.decode())
    assert here is not None
    rules = {"audit_percent": 0, "overlap": 1, "review_percent": 0, "lease_s": 900, "priority": 0}
    asked = {"stream": stream.pk, "schema": schema.pk, "name": "Cats", "slug": "cats", "desk_here": here[1]}
    answer = browser.post(add, asked | rules)
    assert answer.context["adminform"].form.errors["schema"] == [
        "“What is it?” cannot be answered on the task page; its answers come with imports."
    ]
    assert Queue.objects.count() == 0
