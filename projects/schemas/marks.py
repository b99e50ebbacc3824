"""Answers that mark something: passages of a text, boxes and polygons on a picture.

Coordinates are fractions of the media's size, from its upper left corner; passages count Unicode code points,
half-open, and repeat the text that they cover.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

from projects.schemas.crossing import crossings_in, is_flat
from projects.schemas.values import check_count, is_share, is_storable, not_an_option, options_of, unknown
from teams.access.problems import FieldError

MAX_MARKS = 2000
MAX_POINTS = 2000
MAX_POINTS_IN_ALL = 20_000  # of one answer
ROUNDING = 1e-6  # a box that ends at the edge may be a rounding beyond it

Shape = Callable[[dict[str, Any], str], list[FieldError]]


def check_spans(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """[{"start", "end", "text", "label"}]."""
    return check_each(question, value, at, frozenset({"start", "end", "text", "label"}), span)


def check_boxes(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """[{"x", "y", "width", "height", "label"}]; x and y are the upper left corner."""
    return check_each(question, value, at, frozenset({"x", "y", "width", "height", "label"}), box)


def check_polygons(question: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """[{"points": [[x, y], ...], "label"}], at least three points; an outline does not cross itself."""
    errors = check_each(question, value, at, frozenset({"points", "label"}), polygon)
    return errors or check_outlines(value, at)


def check_outlines(value: list[dict[str, Any]], at: str) -> list[FieldError]:
    """Polygons that are sound each by itself: together they can be looked through, and none crosses itself."""
    if sum(len(mark["points"]) for mark in value) > MAX_POINTS_IN_ALL:
        return [FieldError(at, "too_many", f"All outlines together have at most {MAX_POINTS_IN_ALL} points.")]
    found = crossings_in([mark["points"] for mark in value])
    if found is None:
        return [
            FieldError(at, "intricate", "These outlines are too tangled to be checked; use fewer points.")
        ]
    return [
        FieldError(
            f"{at}/{index}/points", "crossing", f"This outline crosses itself after point {point + 1}."
        )
        for index, point in found
    ]


def check_each(
    question: dict[str, Any], value: Any, at: str, members: frozenset[str], shape: Shape
) -> list[FieldError]:
    """A list of marks, each with a label that is an option; an empty list says that there is nothing to mark."""
    if not isinstance(value, list) or len(value) > MAX_MARKS:
        return [FieldError(at, "type", f"This is answered by a list of at most {MAX_MARKS} marks.")]
    known, errors = options_of(question), []
    for index, mark in enumerate(value):
        here = f"{at}/{index}"
        if not isinstance(mark, dict):
            errors.append(FieldError(here, "type", "A mark is an object."))
            continue
        errors += unknown(mark, members, here) + shape(mark, here)
        label = mark.get("label")
        if not isinstance(label, str) or label not in known:
            errors.append(not_an_option(f"{here}/label"))
    return errors or check_count(question, len(value), at)


def span(mark: dict[str, Any], at: str) -> list[FieldError]:
    """It covers at least one character, and repeats what it covers."""
    start, end, text = mark.get("start"), mark.get("end"), mark.get("text")
    if not is_count(start) or not is_count(end) or not start < end:
        return [FieldError(at, "span", "A passage has a start, and an end behind it.")]
    if not isinstance(text, str) or len(text) != end - start or not is_storable(text):
        return [FieldError(f"{at}/text", "span_text", "The text is the one that the passage covers.")]
    return []


def check_covered(questions: list[dict[str, Any]], answer: dict[str, Any], text: str) -> list[FieldError]:
    """Passages of an answer that fits its schema, against the text itself: they repeat what it says there."""
    return [
        FieldError(
            f"/{row['name']}/{index}/text", "span_text", "The text is the one that the passage covers."
        )
        for row in questions
        if row["kind"] == "spans"
        for index, mark in enumerate(answer.get(row["name"]) or [])
        if text[mark["start"] : mark["end"]] != mark["text"]
    ]


def is_count(value: Any) -> TypeGuard[int]:
    """A whole number of characters."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def box(mark: dict[str, Any], at: str) -> list[FieldError]:
    """It has an area, and lies on the picture."""
    corner: list[Any] = [mark.get(name) for name in ("x", "y", "width", "height")]
    if not all(map(is_share, corner)):
        return [FieldError(at, "fractions", "x, y, width and height are fractions of the picture's size.")]
    x, y, width, height = corner
    if width <= 0 or height <= 0:
        return [FieldError(at, "empty", "A box has an area.")]
    if x + width > 1 + ROUNDING or y + height > 1 + ROUNDING:
        return [FieldError(at, "outside", "A box lies on the picture.")]
    return []


def polygon(mark: dict[str, Any], at: str) -> list[FieldError]:
    """Three points or more, all of them on the picture, around an area."""
    points = mark.get("points")
    if not isinstance(points, list) or not 3 <= len(points) <= MAX_POINTS:
        return [FieldError(f"{at}/points", "points", f"A polygon has 3 to {MAX_POINTS} points.")]
    if not all(isinstance(point, list) and len(point) == 2 and all(map(is_share, point)) for point in points):
        return [
            FieldError(f"{at}/points", "fractions", "A point is [x, y], fractions of the picture's size.")
        ]
    if is_flat(points):
        return [FieldError(f"{at}/points", "empty", "A polygon has an area.")]
    return []
