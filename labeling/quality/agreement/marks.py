"""How far two people's marks are the same: passages of a text, boxes and polygons on a picture.

Two sets of marks are matched greedily: the pair that overlaps most is taken first, then the best of what is left, and
only marks of the same label are matched. Against the best possible matching (Hungarian) this may lose a pair where
marks crowd; it is what the COCO evaluation does, and people can follow it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PIL import Image, ImageChops, ImageDraw

Mark = dict[str, Any]
Overlap = Callable[[Mark, Mark], float]
SIDE = 256  # polygons are compared as masks of so many pixels a side: areas are right to about a pixel's edge


def f1(one: Sequence[Mark], other: Sequence[Mark], overlap: Overlap, least: float) -> float:
    """F1 of two sets of marks that are the same where they overlap by `least` or more; two empty sets agree."""
    if not one and not other:
        return 1.0
    return 2 * len(matched(one, other, overlap, least)) / (len(one) + len(other))


def matched(
    one: Sequence[Mark], other: Sequence[Mark], overlap: Overlap, least: float
) -> list[tuple[int, int]]:
    """Pairs of places of marks that are the same, each used once."""
    # Of equal overlaps the earlier ones first, whichever side is named first: so the figure is symmetric.
    found = sorted(close(one, other, overlap), key=lambda pair: (-pair[0], min(pair[1:]), max(pair[1:])))
    ours: set[int] = set()
    theirs: set[int] = set()
    pairs = []
    for share, first, second in found:
        if share >= least and share > 0 and first not in ours and second not in theirs:
            ours.add(first)
            theirs.add(second)
            pairs.append((first, second))
    return pairs


def close(one: Sequence[Mark], other: Sequence[Mark], overlap: Overlap) -> Iterator[tuple[float, int, int]]:
    """(overlap, place, place) of marks of the same label whose extents meet; the others are not even compared."""
    ordered = sorted((*extent(mark), place) for place, mark in enumerate(other))
    starts = [start for start, _end, _place in ordered]
    for first, mark in enumerate(one):
        start, end = extent(mark)
        for _start, other_end, second in ordered[: bisect_right(starts, end)]:
            if other_end >= start and mark.get("label") == other[second].get("label"):
                yield overlap(mark, other[second]), first, second


def extent(mark: Mark) -> tuple[float, float]:
    """From where to where a mark goes, along the text or across the picture."""
    if "points" in mark:
        across = [x for x, _y in mark["points"]]
        return min(across), max(across)
    return (mark["x"], mark["x"] + mark["width"]) if "width" in mark else (mark["start"], mark["end"])


def spans(one: Mark, other: Mark) -> float:
    """Characters that two half-open passages share, of those that either covers."""
    common = max(0, min(one["end"], other["end"]) - max(one["start"], other["start"]))
    return common / (one["end"] - one["start"] + other["end"] - other["start"] - common)


def boxes(one: Mark, other: Mark) -> float:
    """Intersection over union of two boxes."""
    across = shared(one["x"], one["width"], other["x"], other["width"])
    common = across * shared(one["y"], one["height"], other["y"], other["height"])
    both = one["width"] * one["height"] + other["width"] * other["height"] - common
    return common / both if both > 0 else 0.0


def shared(start: float, length: float, other_start: float, other_length: float) -> float:
    """How much of a line two stretches share."""
    return max(0.0, min(start + length, other_start + other_length) - max(start, other_start))


def polygons(one: Mark, other: Mark) -> float:
    """Intersection over union of two polygons, as masks."""
    mine, theirs = mask(one), mask(other)
    both = area(ImageChops.logical_or(mine, theirs))
    return area(ImageChops.logical_and(mine, theirs)) / both if both else 0.0


def mask(mark: Mark) -> Image.Image:
    """The pixels of a polygon."""
    drawn = Image.new("1", (SIDE, SIDE))
    ImageDraw.Draw(drawn).polygon([(x * SIDE, y * SIDE) for x, y in mark["points"]], fill=1)
    return drawn


def area(drawn: Image.Image) -> int:
    """How many pixels are set."""
    return drawn.histogram()[255]
