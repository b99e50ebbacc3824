"""Outlines that cross themselves are found, others are let be, and no outline takes long."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.schemas.crossing import MAX_PAIRS, crossing, crossings_in

GRID = 8
POINTS = st.tuples(st.integers(0, GRID), st.integers(0, GRID))
TEETH = [[x, y] for n in range(500) for x, y in ((n / 1000, 0.5 + n / 1000), (0.5 + n / 1000, n / 1000))]
COMB = [*TEETH, [1, 1], [0, 1]]


def shares(points: Any) -> list[list[float]]:
    return [[x / GRID, y / GRID] for x, y in points]


def side(one: Any, other: Any, point: Any) -> int:
    """In whole numbers: exactly."""
    turn = (other[0] - one[0]) * (point[1] - one[1]) - (other[1] - one[1]) * (point[0] - one[0])
    return (turn > 0) - (turn < 0)


def crosses(points: list[tuple[int, int]]) -> bool:
    """Every pair of edges, by the definition."""
    edges = list(zip(points, points[1:] + points[:1], strict=True))
    return any(
        side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
        for (a, b), (c, d) in combinations(edges, 2)
    )


@given(st.lists(POINTS, min_size=3, max_size=12))
def test_crossings_are_those_of_the_definition(points: list[tuple[int, int]]) -> None:
    assert (crossings_in([shares(points)]) != []) is crosses(points)


@given(st.lists(POINTS, min_size=3, max_size=12), st.integers(0, 11), st.booleans())
def test_where_an_outline_begins_and_which_way_it_runs_is_all_the_same(
    points: list[tuple[int, int]], start: int, is_turned: bool
) -> None:
    turned = points[start:] + points[:start]
    turned = [(y, x) for x, y in reversed(turned)] if is_turned else turned
    assert bool(crossings_in([shares(turned)])) is bool(crossings_in([shares(points)]))


@given(st.lists(st.tuples(st.floats(0, 6.28), st.floats(0.1, 0.5)), min_size=3, max_size=300))
def test_an_outline_around_its_middle_does_not_cross_itself(made: list[tuple[float, float]]) -> None:
    around = sorted(dict(made).items())
    outline = [[0.5 + far * math.cos(turn), 0.5 + far * math.sin(turn)] for turn, far in around]
    gaps = [
        b - a for (a, _), (b, _) in zip(around, [*around[1:], (around[0][0] + 2 * math.pi, 0)], strict=True)
    ]
    assert max(gaps) > math.pi or crossings_in([outline]) == []


@pytest.mark.parametrize(
    "outline",
    [
        [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0], [0.2, 0.2], [0.2, 0.8], [0.8, 0.8], [0.8, 0.2], [0.2, 0.2]],
        [[0, 0], [0.5, 0.5], [1, 0], [1, 1], [0.5, 0.5], [0, 1]],
        [[0, 0], [0.5, 0], [0.5, 0], [1, 0], [0.5, 1]],
        [[0, 0], [1, 0], [1, 1], [0.5, -1e-9], [0, 1]],
    ],
    ids=["a hole", "two that touch", "a point twice", "a rounding"],
)
def test_an_outline_may_touch_itself(outline: list[list[float]]) -> None:
    assert crossings_in([outline]) == []


def test_the_outline_and_the_point_before_the_crossing_are_named() -> None:
    square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert crossings_in([square, [[0, 0], [1, 0], [0, 1], [1, 1]]]) == [(1, 1)]


def test_two_thousand_points_around_are_few_comparisons() -> None:
    turns = [2 * math.pi * n / 2000 for n in range(2000)]
    around = [[0.5 + math.cos(turn) / 2, 0.5 + math.sin(turn) / 2] for turn in turns]
    at, used = crossing(around, MAX_PAIRS)
    assert (at, used < 10_000) == (None, True)


def test_a_tangle_is_given_up_after_a_million_comparisons() -> None:
    assert crossing(COMB, MAX_PAIRS)[0] is None
    assert crossings_in([COMB] * 5) is None
