"""Marks as other tools write them, as ours: fractions of the picture, Unicode code points of the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projects.schemas.values import is_number

SLACK = 0.01  # of a side; tools let a hand slip over the edge that far
DIGITS = 9


class NotTaken(Exception):
    """A mark that cannot be kept, and why: a code for machines, a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def box(values: Sequence[Any], width: float, height: float) -> dict[str, float]:
    """The part of a box [x, y, width, height] that lies on a picture of this size. Raises NotTaken if there is none."""
    if len(values) != 4 or not all(map(is_number, values)):
        raise NotTaken("not_numbers", "A box is four numbers.")
    x, y, across, down = (
        value / side for value, side in zip(values, (width, height, width, height), strict=True)
    )
    left, top = round(max(0.0, x), DIGITS), round(max(0.0, y), DIGITS)
    right, bottom = round(min(1.0, x + across), DIGITS), round(min(1.0, y + down), DIGITS)
    size = {"width": round(right - left, DIGITS), "height": round(bottom - top, DIGITS)}
    if min(size.values()) <= 0:
        raise NotTaken("outside", "The box has no area on the picture.")
    return {"x": left, "y": top} | size


def polygon(points: Sequence[Any], width: float, height: float) -> list[list[float]]:
    """The corners of a polygon on a picture of this size. Raises NotTaken for one that leaves it, or is none."""
    if len(points) < 3:
        raise NotTaken("too_few_points", "A polygon has three points or more.")
    return [point(one, width, height) for one in points]


def point(values: Any, width: float, height: float) -> list[float]:
    """One corner; a slip over the edge is put back onto it."""
    if not isinstance(values, list | tuple) or len(values) != 2 or not all(map(is_number, values)):
        raise NotTaken("not_numbers", "A point is two numbers.")
    x, y = values[0] / width, values[1] / height
    if not (-SLACK <= x <= 1 + SLACK and -SLACK <= y <= 1 + SLACK):
        raise NotTaken("outside", "The polygon leaves the picture.")
    return [round(min(1.0, max(0.0, share)), DIGITS) for share in (x, y)]


def passage(text: str, start: Any, end: Any, covered: Any) -> dict[str, Any]:
    """{"start", "end", "text"} of a passage. Raises NotTaken where the text has none there.

    Tools disagree on what an offset counts: browsers count UTF-16 units, old exports the last character too. The
    words that the mark repeats tell which it is; without them browsers are believed.
    """
    if not all(type(offset) is int and 0 <= offset < 2**31 for offset in (start, end)):
        raise NotTaken("not_numbers", "A passage has a start and an end, whole numbers.")
    ways = [(start, end), (points(text, start), points(text, end)), (start, end + 1)]
    for first, last in ways if isinstance(covered, str) else ways[1:2]:
        words = text[first:last]
        if words and len(words) == last - first and words == (covered if isinstance(covered, str) else words):
            return {"start": first, "end": last, "text": words}
    raise NotTaken("span_text", "The text that this marks is not there.")


def points(text: str, units: int) -> int:
    """How many code points so many UTF-16 units are."""
    if text.isascii():
        return units
    data = text.encode("utf-16-le", "surrogatepass")[: 2 * units]
    return len(data.decode("utf-16-le", "replace"))
