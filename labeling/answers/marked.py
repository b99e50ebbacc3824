"""Marks of an answer as a page shows them: shapes over a picture, passages within a text, and words for each.

Nothing here checks an answer again, and none is so odd that a page breaks: what cannot be drawn is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from projects.schemas.marks import box, polygon, span

COLOURS = 6  # as many as templates/static/labeling/marks.css has
CHECKS = {"boxes": box, "polygons": polygon, "spans": span}

Question = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A box or a polygon. `points` is for an SVG polygon in a square of 1; its name is at x and y, in per cent."""

    number: int
    label: str
    colour: int
    points: str
    x: str
    y: str
    words: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Words between two ends of passages: the colour of the mark over them (None: none), and marks that end here."""

    text: str
    colour: int | None
    is_over: bool
    tags: list[tuple[str, int]]


def shapes_of(questions: Iterable[Question], answer: Mapping[str, Any]) -> list[Shape]:
    """The boxes and polygons of an answer to these questions, in its order."""
    found = marks_in(questions, answer, ("boxes", "polygons"))
    return [shape(number, label, colour, mark) for number, (mark, label, colour) in enumerate(found, start=1)]


def marks_in(
    questions: Iterable[Question], answer: Mapping[str, Any], kinds: Sequence[str]
) -> Iterator[tuple[dict[str, Any], str, int]]:
    """Each sound mark of these kinds with its label's title and colour."""
    for row in questions:
        marks = answer.get(row["name"]) if row["kind"] in kinds else None
        if not isinstance(marks, list):
            continue
        options = {
            one["value"]: (one.get("title") or one["value"], at) for at, one in enumerate(row["options"])
        }
        for mark in marks:
            if isinstance(mark, dict) and not CHECKS[row["kind"]](mark, ""):
                title, at = options.get(str(mark.get("label")), ("", 0))
                yield mark, title, at % COLOURS


def shape(number: int, label: str, colour: int, mark: Mapping[str, Any]) -> Shape:
    """A mark as it is drawn."""
    points = corners(mark)
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    where = [min(xs), max(xs), min(ys), max(ys)]
    words = in_words(where, len(points) if "points" in mark else None)
    drawn = " ".join(f"{x:.6f},{y:.6f}" for x, y in points)
    return Shape(number, label, colour, drawn, f"{min(xs):.2%}", f"{min(ys):.2%}", words)


def corners(mark: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The points of a box or a polygon."""
    if "points" in mark:
        return [(x, y) for x, y in mark["points"]]
    x, y = mark["x"], mark["y"]
    right, lower = x + mark["width"], y + mark["height"]
    return [(x, y), (right, y), (right, lower), (x, lower)]


def in_words(where: Sequence[float], points: int | None) -> str:
    """Where a shape lies, for whoever does not see it; `where` is left, right, top, bottom in fractions."""
    left, right, top, bottom = (round(100 * share) for share in where)
    said = {"left": left, "right": right, "top": top, "bottom": bottom, "n": points}
    if points is None:
        return _("box, %(left)s–%(right)s %% across, %(top)s–%(bottom)s %% down") % said
    return _("outline of %(n)s points, %(left)s–%(right)s %% across, %(top)s–%(bottom)s %% down") % said


def pieces_of(text: str, questions: Iterable[Question], answer: Mapping[str, Any]) -> list[Piece]:
    """A text in pieces that begin and end where its marked passages do; they may lie over each other."""
    found = [
        (mark["start"], mark["end"], label, colour)
        for mark, label, colour in marks_in(questions, answer, ("spans",))
        if mark["end"] <= len(text)
    ]
    bounds = sorted({0, len(text), *(end for start, stop, *_label in found for end in (start, stop))})
    return [
        piece(text[start:end], [row for row in found if row[0] <= start and end <= row[1]], end)
        for start, end in pairwise(bounds)
    ]


def piece(text: str, over: Sequence[tuple[int, int, str, int]], end: int) -> Piece:
    """Words with the marks that lie over them; the last of these gives the colour."""
    tags = [(label, colour) for _start, stop, label, colour in over if stop == end]
    return Piece(text, over[-1][3] if over else None, len(over) > 1, tags)
