"""Named checks on an answer: each finds what is odd about it; a project says which it uses and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labeling.quality.overlap import word

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, the seconds that it took if they were measured, and the question that a check is about (or none)."""

    answer: Answer
    seconds: float | None
    question: str

    @property
    def value(self) -> Any:
        """The answer to the question."""
        return self.answer.get(self.question)


@dataclass(frozen=True, slots=True)
class Check:
    """`limits`: the names of its settings and their kinds; `kinds`: of the questions it fits, none: of no question."""

    title: str | Promise
    sentence: str | Promise
    limits: dict[str, type]
    kinds: frozenset[str]
    is_odd: Callable[[Given, Mapping[str, Any]], bool]


def too_fast(given: Given, limits: Mapping[str, Any]) -> bool:
    """Sooner than anybody could have looked. Unmeasured answers are not."""
    return given.seconds is not None and given.seconds < limits["seconds"]


def too_short(given: Given, limits: Mapping[str, Any]) -> bool:
    """A text of fewer characters, blanks at the ends left out; an unanswered question is not."""
    return isinstance(given.value, str) and len(given.value.strip()) < limits["characters"]


def no_marks(given: Given, limits: Mapping[str, Any]) -> bool:
    """Nothing is marked."""
    return given.value == []


def too_small(given: Given, limits: Mapping[str, Any]) -> bool:
    """A mark of less than this share of the picture, in percent."""
    return any(area(mark) * 100 < limits["percent"] for mark in given.value or ())


def at_the_edge(given: Given, limits: Mapping[str, Any]) -> bool:
    """A box that is cut off by, or reaches over, the edge of the picture, nearer to it than so many percent."""
    near = limits["percent"] / 100
    return any(
        min(mark["x"], mark["y"]) < near
        or max(mark["x"] + mark["width"], mark["y"] + mark["height"]) > 1 - near
        for mark in given.value or ()
    )


def excluding(given: Given, limits: Mapping[str, Any]) -> bool:
    """Two answers that cannot both be right: this value here, and that value of another question."""
    return says(given.value, limits["value"]) and says(
        given.answer.get(limits["other"]), limits["other_value"]
    )


def says(given: Any, wanted: str) -> bool:
    """Whether a value is this one, or has it among others or among the labels of marks."""
    if isinstance(given, list):
        return any(wanted == (one.get("label") if isinstance(one, dict) else one) for one in given)
    return given is not None and word(given) == wanted


def area(mark: Mapping[str, Any]) -> float:
    """The share of the picture that a box or polygon covers (the shoelace formula)."""
    if "points" not in mark:
        return float(mark["width"] * mark["height"])
    points = mark["points"]
    turned = [*points[1:], points[0]]
    return abs(sum(x * below - right * y for (x, y), (right, below) in zip(points, turned, strict=True))) / 2


MARKS = frozenset({"boxes", "polygons", "spans"})
ONE_OR_MORE = frozenset({"choice", "choices", "boolean", "rating"}) | MARKS
CHECKS: dict[str, Check] = {
    "too_fast": Check(
        _("answered too fast"), _("This was answered very fast."), {"seconds": float}, frozenset(), too_fast
    ),
    "too_short": Check(
        _("text too short"),
        _("This text is very short."),
        {"characters": int},
        frozenset({"text"}),
        too_short,
    ),
    "no_marks": Check(_("nothing marked"), _("Nothing is marked here."), {}, MARKS, no_marks),
    "too_small": Check(
        _("mark too small"),
        _("A mark here is very small."),
        {"percent": float},
        frozenset({"boxes", "polygons"}),
        too_small,
    ),
    "at_the_edge": Check(
        _("box cut off by the edge"),
        _("A box here reaches the edge of the picture."),
        {"percent": float},
        frozenset({"boxes"}),
        at_the_edge,
    ),
    "excluding": Check(
        _("answers that exclude each other"),
        _("Two of these answers cannot both be right."),
        {"value": str, "other": str, "other_value": str},
        ONE_OR_MORE,
        excluding,
    ),
}
