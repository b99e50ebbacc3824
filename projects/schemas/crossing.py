"""Whether the outline of a polygon crosses itself.

Edges are sorted along the axis in which they are shorter, and each is compared with those that begin before it ends
(sweep and prune): about n log n for outlines that people draw, and never more than MAX_PAIRS comparisons, which
take about half a second; beyond them nobody is told that an outline is sound. Two edges cross where each has its ends
on different sides of the other, by more than ROUNDING: outlines may touch themselves, and go to a hole and back along
the same line. A library (shapely) would be a dependency for these lines alone.
"""

from __future__ import annotations

from collections.abc import Sequence

ROUNDING = 1e-6  # of the picture's side
MAX_PAIRS = 1_000_000

Point = Sequence[float]
Edge = tuple[float, float, float, float, Point, Point, int]  # its span along the axis, then across it


def crossings_in(outlines: Sequence[Sequence[Point]]) -> list[tuple[int, int]] | None:
    """(outline, point before the crossing) for each that crosses itself; None: too tangled to be looked through."""
    found, left = [], MAX_PAIRS
    for index, outline in enumerate(outlines):
        at, used = crossing(outline, left)
        left -= used
        if left < 0:
            return None
        if at is not None:
            found.append((index, at))
    return found


def crossing(outline: Sequence[Point], most: int) -> tuple[int | None, int]:
    """The first point of an edge that crosses another (None: there is none), and how many pairs were compared.

    It gives up after `most` pairs, and says one more.
    """
    edges = edges_of(outline)
    used = 0
    for index, (_low, high, under, over, one, other, number) in enumerate(edges):
        for following in range(index + 1, len(edges)):
            start, _end, bottom, top, first, second, partner = edges[following]
            if start > high:
                break
            used += 1
            if used > most:
                return None, used
            if bottom <= over and top >= under and cross(one, other, first, second):
                return min(number, partner), used
    return None, used


def edges_of(outline: Sequence[Point]) -> list[Edge]:
    """The edges by where they begin, along the axis in which they are shorter together."""
    pairs = list(zip(outline, [*outline[1:], outline[0]], strict=True))
    width, height = (sum(abs(one[axis] - other[axis]) for one, other in pairs) for axis in (0, 1))
    along = 0 if width <= height else 1
    edges = [edge(one, other, along, number) for number, (one, other) in enumerate(pairs)]
    return sorted(edges, key=lambda row: row[0])


def edge(one: Point, other: Point, along: int, number: int) -> Edge:
    """An edge with what it spans along the axis, and across it."""
    low, high = sorted((one[along], other[along]))
    under, over = sorted((one[1 - along], other[1 - along]))
    return low, high, under, over, one, other, number


def cross(one: Point, other: Point, first: Point, second: Point) -> bool:
    """Whether two edges cross within both of them."""
    return are_apart(one, other, first, second) and are_apart(first, second, one, other)


def are_apart(one: Point, other: Point, first: Point, second: Point) -> bool:
    """Whether two points lie on different sides of the line through an edge, by more than a rounding."""
    across, down = other[0] - one[0], other[1] - one[1]
    here = across * (first[1] - one[1]) - down * (first[0] - one[0])
    there = across * (second[1] - one[1]) - down * (second[0] - one[0])
    if here * there >= 0:
        return False
    least = ROUNDING * (abs(across) + abs(down))
    return abs(here) > least and abs(there) > least


def is_flat(outline: Sequence[Point]) -> bool:
    """Whether all points are on one line, up to a rounding: there is nothing inside."""
    first = outline[0]
    far = max(outline, key=lambda point: abs(point[0] - first[0]) + abs(point[1] - first[1]))
    across, down = far[0] - first[0], far[1] - first[1]
    most = ROUNDING * (abs(across) + abs(down))
    return all(
        abs(across * (point[1] - first[1]) - down * (point[0] - first[0])) <= most for point in outline
    )
