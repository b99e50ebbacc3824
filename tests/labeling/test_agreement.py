"""Agreement against published examples, and the rules that hold for whatever people answer."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.quality.agreement import alpha as krippendorff
from labeling.quality.agreement import marks
from labeling.quality.agreement.intervals import bootstrap, more_needed
from labeling.quality.agreement.measuring import alike, measured, support
from labeling.quality.agreement.nominal import cohen, fleiss

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example D: four observers, twelve units.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = [[value for value in unit if value is not None] for unit in zip(*OBSERVERS, strict=True)]

# J. Cohen (1960): two psychiatrists, 200 patients; what the first said by rows, the second by columns.
PATIENTS = ((88, 10, 2), (14, 40, 6), (18, 10, 12))

# Fourteen raters, ten subjects, five names: the worked example of Fleiss' kappa in Wikipedia (0.210).
SUBJECTS = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)

CHOICE = {"name": "q", "kind": "choice", "options": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}
BOXES = {"name": "q", "kind": "boxes"}


def box(x: float, y: float, width: float, height: float, label: str = "gap") -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, "label": label}


@pytest.mark.parametrize(
    "distance, published",
    [
        (krippendorff.nominal, 0.743),
        (krippendorff.ordinal(UNITS), 0.815),
        (krippendorff.interval, 0.849),
    ],
)
def test_alpha_is_what_krippendorff_printed(distance: krippendorff.Distance, published: float) -> None:
    assert round(krippendorff.alpha(UNITS, distance) or 0, 3) == published


def test_kappa_of_two_is_what_cohen_printed() -> None:
    pairs = [(i, j) for i, row in enumerate(PATIENTS) for j, count in enumerate(row) for _ in range(count)]
    assert round(cohen(pairs) or 0, 3) == 0.492


def test_kappa_of_many_is_that_of_the_worked_example() -> None:
    tasks = [[name for name, count in enumerate(row) for _ in range(count)] for row in SUBJECTS]
    assert round(fleiss(tasks) or 0, 3) == 0.210


def test_kappa_of_many_wants_the_same_number_each_time() -> None:
    with pytest.raises(ValueError, match="same number"):
        fleiss([["a", "b"], ["a"]])


@pytest.mark.parametrize("statistic", [cohen, fleiss])
def test_where_everybody_always_says_the_same_chance_explains_it_all(statistic: Any) -> None:
    assert (statistic([]), statistic([("a", "a"), ("a", "a")])) == (None, None)
    assert krippendorff.alpha([("a", "a"), ("a", "a")], krippendorff.nominal) is None
    assert krippendorff.alpha([("a",), ("b",)], krippendorff.nominal) is None


names = st.sampled_from("abc")
tasks_of_names = st.lists(st.lists(names, min_size=0, max_size=4), max_size=12)
pairs_of_names = st.lists(st.tuples(names, names), max_size=20)


@given(tasks_of_names, st.randoms(use_true_random=False))
def test_alpha_is_at_most_one_and_does_not_heed_the_order(tasks: list[list[str]], lot: Any) -> None:
    value = krippendorff.alpha(tasks, krippendorff.nominal)
    if value is not None:
        shuffled = [lot.sample(task, len(task)) for task in lot.sample(tasks, len(tasks))]
        again = krippendorff.alpha(shuffled, krippendorff.nominal)
        assert value <= 1
        assert again is not None
        assert math.isclose(value, again, abs_tol=1e-9)
        assert (value == 1) == all(len(set(task)) < 2 for task in tasks)


@given(pairs_of_names)
def test_kappa_of_two_is_symmetric_and_between_its_bounds(pairs: list[tuple[str, str]]) -> None:
    value, turned = cohen(pairs), cohen([(other, one) for one, other in pairs])
    assert (value is None) == (turned is None)
    if value is not None and turned is not None:
        assert math.isclose(value, turned, abs_tol=1e-9)
        assert -1 - 1e-9 <= value <= 1
        assert (value == 1) == all(one == other for one, other in pairs)


@given(st.lists(st.lists(names, min_size=3, max_size=3), min_size=1, max_size=12))
def test_kappa_of_many_is_one_where_all_agree_and_never_more(tasks: list[list[str]]) -> None:
    value = fleiss(tasks)
    assert value is None or (-1 <= value <= 1 and (value == 1) == all(len(set(task)) == 1 for task in tasks))


def test_boxes_overlap_by_what_they_share_of_what_they_cover() -> None:
    half = marks.boxes(box(0, 0, 0.2, 0.2), box(0.1, 0, 0.2, 0.2))
    assert (math.isclose(half, 1 / 3), marks.boxes(box(0, 0, 0.1, 0.1), box(0.5, 0.5, 0.1, 0.1))) == (True, 0)


def test_polygons_overlap_as_their_masks_do() -> None:
    square = {"points": [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]], "label": "x"}
    triangle = {"points": [[0, 0], [0.5, 0], [0, 0.5]], "label": "x"}
    assert marks.polygons(square, square) == 1
    assert abs(marks.polygons(square, triangle) - 0.5) < 0.02


def test_passages_overlap_by_their_characters() -> None:
    assert marks.spans({"start": 0, "end": 10}, {"start": 5, "end": 15}) == 1 / 3


def test_a_mark_is_matched_once_and_only_with_its_own_label() -> None:
    mine = [box(0, 0, 0.2, 0.2), box(0.5, 0.5, 0.2, 0.2)]
    theirs = [box(0, 0, 0.2, 0.19), box(0, 0, 0.2, 0.18), box(0.5, 0.5, 0.2, 0.2, "price")]
    assert marks.matched(mine, theirs, marks.boxes, 0.5) == [(0, 0)]
    assert marks.f1(mine, theirs, marks.boxes, 0.5) == 2 / 5
    assert (marks.f1([], [], marks.boxes, 0.5), marks.f1(mine, [], marks.boxes, 0.5)) == (1, 0)


shares = st.integers(0, 8).map(lambda n: n / 10)
some_boxes = st.lists(
    st.builds(box, shares, shares, st.just(0.2), st.just(0.2), st.sampled_from(["gap", "price"])), max_size=6
)


@given(some_boxes, some_boxes)
def test_f1_of_marks_is_symmetric_within_bounds_and_one_with_itself(one: list[Any], other: list[Any]) -> None:
    value = marks.f1(one, other, marks.boxes, 0.5)
    assert value == marks.f1(other, one, marks.boxes, 0.5)
    assert 0 <= value <= 1
    assert marks.f1(one, one, marks.boxes, 0.5) == 1


@pytest.mark.parametrize(
    "kind, tasks, measure",
    [
        ("choice", [{1: "a", 2: "a"}, {1: "b", 2: "b"}], "cohen"),
        ("boolean", [{1: True, 2: True}, {1: False, 2: False}], "cohen"),
        ("choice", [{1: "a", 2: "a", 3: "a"}, {1: "b", 2: "b", 4: "b"}], "fleiss"),
        ("choice", [{1: "a", 2: "a", 3: "a"}, {1: "b", 4: "b"}], "alpha_nominal"),
        ("text", [{1: "A  b", 2: "a b", 3: "a b"}, {1: "c", 3: "C"}], "alpha_nominal"),
        ("rating", [{1: 1, 2: 1}, {1: 4, 2: 4}], "alpha_ordinal"),
        ("number", [{1: 1.5, 2: 1.5}, {1: 4, 2: 4}], "alpha_interval"),
        ("choices", [{1: ["a", "b"], 2: ["b", "a"]}, {1: [], 2: []}], "alpha_alike"),
        ("ranking", [{1: ["a", "b"], 2: ["a", "b"]}, {1: ["b", "a"], 2: ["b", "a"]}], "alpha_alike"),
        ("boxes", [{1: [box(0, 0, 0.2, 0.2)], 2: [box(0, 0, 0.2, 0.2)]}, {1: [], 2: []}], "f1"),
        (
            "spans",
            [{1: [{"start": 0, "end": 4, "label": "x"}], 2: [{"start": 0, "end": 4, "label": "x"}]}],
            "f1",
        ),
    ],
)
def test_each_kind_of_question_has_its_figure_and_perfect_is_one(
    kind: str, tasks: list[dict[int, Any]], measure: str
) -> None:
    found = measured(CHOICE | {"kind": kind, "max": 5}, [*tasks, {1: "alone"}])
    assert found is not None
    assert (found.measure, found.value) == (measure, 1)
    assert (found.tasks, found.answers) == (len(tasks), sum(map(len, tasks)))


def test_answers_that_never_vary_have_no_figure() -> None:
    assert measured(CHOICE, [{1: "a", 2: "a"}] * 5) is None
    assert measured(CHOICE, [{1: "a"}, {2: "b"}]) is None


def test_the_interval_is_the_same_each_time_and_holds_the_figure() -> None:
    tasks = [{1: "a", 2: "a"}, {1: "b", 2: "b"}, {1: "a", 2: "b"}] * 20
    found = measured(CHOICE, tasks)
    assert found is not None
    assert found == measured(CHOICE, tasks)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.integers(0, 99))
def test_a_bootstrap_stays_within_what_was_seen(values: list[float], seed: int) -> None:
    def middle(drawn: Any) -> float:
        return sum(drawn) / len(drawn)

    found = bootstrap(values, middle, seed=seed, draws=40)
    assert found is not None
    assert min(values) - 1e-9 <= found[0] <= found[1] <= max(values) + 1e-9
    assert found == bootstrap(values, middle, seed=seed, draws=40)


def test_one_task_has_no_interval() -> None:
    assert bootstrap([1], len) is None


def test_how_many_more_would_tell() -> None:
    assert more_needed(0.8, 0.7, 0.9, 100, 0.5) == 0
    assert more_needed(0.8, 0.6, 0.9, 100, 0.7) == 300  # twice as near: four times as many
    assert more_needed(0.6, 0.5, 0.8, 100, 0.7) == 300
    assert more_needed(0.8, 0.6, 0.9, 100, 0.8) is None


def test_how_alike_two_answers_are_depends_on_the_question() -> None:
    assert alike({"kind": "rating", "max": 5}, 1, 2) == 0.75
    assert alike({"kind": "number", "min": 0, "max": 10}, 1, 2) == 0.9
    assert alike({"kind": "number"}, 1, 2) == 0
    assert alike({"kind": "choices"}, ["a", "b"], ["b", "c"]) == 1 / 3
    assert alike({"kind": "ranking"}, ["a", "b", "c"], ["a", "c", "b"]) == 2 / 3
    assert alike({"kind": "text"}, "Two  words", "two words") == 1
    assert (alike(CHOICE, None, None), alike(CHOICE, "a", None)) == (1, 0)


def test_support_is_the_share_behind_the_best_answer() -> None:
    assert support(CHOICE, ["a", "b"]) == 0.5
    assert support(CHOICE, ["a", "b", "a"]) == 2 / 3
    assert support(BOXES, [[], [], [box(0, 0, 0.1, 0.1)]]) == 2 / 3
    assert support(CHOICE, []) == 1
