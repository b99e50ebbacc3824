"""Answers made from a schema fit it; changed in one place they are told where they do not."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.models import LabelSchema
from projects.schemas.answers import check_answer, label_of, labels_of
from projects.schemas.questions import check_questions
from projects.schemas.searching import below, find
from projects.schemas.visibility import visible

KINDS = st.sampled_from(
    [
        "choice",
        "choices",
        "boolean",
        "number",
        "rating",
        "text",
        "ranking",
        "pairwise",
        "spans",
        "boxes",
        "polygons",
    ]
)
VALUES = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=2, max_size=5)
WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=8)
SHARES = st.floats(0, 0.5)


@st.composite
def questions(draw: Any) -> list[dict[str, Any]]:
    """A sound schema: some kinds with their rules, some asked only after others."""
    made: list[dict[str, Any]] = []
    for index, kind in enumerate(draw(st.lists(KINDS, min_size=1, max_size=5))):
        row: dict[str, Any] = {
            "name": f"q{index}",
            "kind": kind,
            "title": "?",
            "required": draw(st.booleans()),
        }
        if kind in ("choice", "choices", "ranking", "spans", "boxes", "polygons", "pairwise"):
            values = draw(VALUES)[: 2 if kind == "pairwise" else 5]
            row["options"] = [{"value": value} for value in values]
        if kind in ("choice", "choices"):
            row["options"][1] |= {"parent": row["options"][0]["value"]} if draw(st.booleans()) else {}
        if kind in ("choices", "spans", "boxes", "polygons"):
            row |= {"min": draw(st.integers(0, 1)), "max": draw(st.integers(1, 2))}
        row |= {"number": {"min": -5, "max": 5}, "rating": {"max": 5}, "text": {"max_length": 8}}.get(
            kind, {}
        )
        before = [
            one for one in made if one["kind"] in ("choice", "choices", "boolean", "rating", "pairwise")
        ]
        if before and draw(st.booleans()):
            row["visible_if"] = draw(conditions(draw(st.sampled_from(before))))
        made.append(row)
    return made


@st.composite
def conditions(draw: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """A condition on a question that can be met, and can not be."""
    match asked["kind"]:
        case "boolean":
            return {"question": asked["name"], "is": draw(st.booleans())}
        case "rating":
            return {"question": asked["name"], "at_least": 3}
    values = [option["value"] for option in asked["options"]]
    return {"question": asked["name"], "is": draw(st.sampled_from([values[0], values[:2]]))}


def values_for(row: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit a question."""
    options = st.sampled_from([option["value"] for option in row.get("options", [{"value": "-"}])])
    some = {"min_size": row.get("min", 0), "max_size": row.get("max", 2)}
    match row["kind"]:
        case "choice" | "pairwise":
            return options
        case "choices":
            return st.lists(options, unique=True, **some)
        case "ranking":
            return st.permutations([option["value"] for option in row["options"]])
        case "boolean":
            return st.booleans()
        case "number":
            return st.integers(-5, 5) | st.floats(-5, 5)
        case "rating":
            return st.integers(1, 5)
        case "text":
            return WORDS
        case "spans":
            return st.lists(st.builds(span, st.integers(0, 9), WORDS, options), **some)
        case "boxes":
            corner = dict.fromkeys(("x", "y"), SHARES) | {"width": st.just(0.5), "height": st.just(0.5)}
            return st.lists(st.fixed_dictionaries(corner | {"label": options}), **some)
    points = st.builds(corners, SHARES, SHARES, st.integers(3, 4))
    return st.lists(st.fixed_dictionaries({"points": points, "label": options}), **some)


def corners(x: float, y: float, count: int) -> list[list[float]]:
    """A triangle or a square."""
    return [[x, y], [x + 0.5, y], [x + 0.5, y + 0.5], [x, y + 0.5]][:count]


def span(start: int, text: str, label: str) -> dict[str, Any]:
    return {"start": start, "end": start + len(text), "text": text, "label": label}


@st.composite
def answered(draw: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A schema and an answer that fits it."""
    asked = draw(questions())
    answer: dict[str, Any] = {}
    for row in asked:
        if row["name"] in visible(asked, answer) and (row["required"] or draw(st.booleans())):
            answer[row["name"]] = draw(values_for(row))
    return asked, answer


@given(answered())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_made_from_a_schema_fits_it(made: tuple[list[dict[str, Any]], dict[str, Any]]) -> None:
    asked, answer = made
    assert check_questions(asked) == []
    schema = LabelSchema(questions=asked)
    assert check_answer(schema, answer) == []
    assert label_of(schema, answer) in ["", *labels_of(asked)]


@given(answered(), st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_one_wrong_value_is_told_where_it_is(
    made: tuple[list[dict[str, Any]], dict[str, Any]], data: st.DataObject
) -> None:
    asked, answer = made
    row = data.draw(st.sampled_from(asked))
    wrong = copy.deepcopy(answer)
    wrong[row["name"]] = data.draw(st.sampled_from([{"no": 1}, [[]], [{"label": "zz"}], 1e300, ["zz", "zz"]]))
    pointers = [error.pointer for error in check_answer(LabelSchema(questions=asked), wrong)]
    assert any(one == f"/{row['name']}" or one.startswith(f"/{row['name']}/") for one in pointers)


@given(answered(), st.sampled_from(["zz", "", 7]))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_a_question_that_is_not_asked_may_not_be_answered(
    made: tuple[list[dict[str, Any]], dict[str, Any]], value: Any
) -> None:
    asked, answer = made
    hidden = [row["name"] for row in asked if row["name"] not in visible(asked, answer)]
    errors = check_answer(LabelSchema(questions=asked), answer | dict.fromkeys(hidden, value))
    refused = [(error.pointer, error.code) for error in errors if error.code == "not_asked"]
    assert refused == ([] if value == "" else [(f"/{name}", "not_asked") for name in hidden])


def pointers_of(*rows: dict[str, Any]) -> list[str]:
    return [error.pointer for error in check_questions([{"title": "?"} | row for row in rows])]


TWO = [{"value": "a"}, {"value": "b"}]
FIRST = {"name": "first", "kind": "choice", "options": TWO}


def after(**condition: Any) -> list[str]:
    return pointers_of(FIRST, {"name": "it", "kind": "text", "visible_if": condition})


def test_rules_that_make_no_sense_are_told_where() -> None:
    assert after(question="first", **{"is": "a"}) == []
    assert after(question="it", **{"is": "a"}) == ["/1/visible_if/question"]
    assert after(question="first", **{"is": ["a", "c"]}) == ["/1/visible_if/is"]
    assert after(question="first") == ["/1/visible_if/is"]
    assert after(question="first", at_least=1) == ["/1/visible_if/at_least"]
    assert after(question=["first"], more=1) == ["/1/visible_if/more", "/1/visible_if/question"]
    limited = {"name": "it", "kind": "choices", "options": TWO}
    assert pointers_of(limited | {"min": 2, "max": 1}) == ["/0/max"]
    assert pointers_of(limited | {"max": 3}) == ["/0/max"]
    assert pointers_of({"name": "it", "kind": "text", "max_length": 0}) == ["/0/max_length"]
    assert pointers_of({"name": "it", "kind": "text", "help": " "}) == ["/0/help"]
    assert pointers_of(FIRST | {"key": "ab"}) == ["/0/key"]
    assert pointers_of(FIRST | {"options": [TWO[0] | {"key": "x"}, TWO[1]], "key": "x"}) == ["/0/key"]
    pair = {"name": "it", "kind": "pairwise", "options": TWO}
    assert pointers_of(pair | {"options": [TWO[0], {"value": "tie"}]}) == ["/0/options"]
    assert pointers_of(pair | {"options": [*TWO, {"value": "c"}]}) == ["/0/options"]
    assert pointers_of(pair | {"tie": "no"}) == ["/0/tie"]


def test_a_tree_has_parents_that_are_there_and_no_circle() -> None:
    tree = [{"value": "a", "parent": "b"}, {"value": "b", "parent": "a"}]
    assert pointers_of(FIRST | {"options": tree}) == ["/0/options/0/parent", "/0/options/1/parent"]
    assert pointers_of(FIRST | {"options": [TWO[0], {"value": "b", "parent": "c"}]}) == [
        "/0/options/1/parent"
    ]
    assert pointers_of(FIRST | {"options": [TWO[0], {"value": "b", "parent": ["a"]}]}) == [
        "/0/options/1/parent"
    ]
    assert pointers_of(FIRST | {"options": [TWO[0], {"value": "b", "parent": "a"}]}) == []


def test_an_option_is_found_by_its_words_without_accents_or_case() -> None:
    options = [
        {"value": "dog", "title": "Dog"},
        {"value": "terrier", "title": "Terrier", "parent": "dog"},
        {"value": "elo", "title": "Élo", "parent": "dog"},
        {"value": "fox", "title": "Fox terrier, smooth", "parent": "terrier"},
    ]
    found, count = find(options, "TERRIER")
    assert ([row.value for row in found], count) == (["terrier", "fox"], 2)
    assert (found[1].above, found[0].below) == (["Dog", "Terrier"], 1)
    assert [row.value for row in find(options, "elo")[0]] == ["elo"]
    assert [row.value for row in find(options, "smooth fox")[0]] == ["fox"]
    assert find(options, "cat") == ([], 0)
    assert [row.value for row in below(options, "dog")[0]] == ["terrier", "elo"]
    assert [row.value for row in below(options, None)[0]] == ["dog"]
