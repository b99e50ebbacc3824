"""An answer as a page shows it: words of every kind, passages in the text, shapes on the picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from projects.schemas.values import TIE

COLOURS = 6  # as many as the style sheet has


@dataclass(frozen=True, slots=True)
class Shape:
    """A box or polygon on a picture. Places are in per cent of its size, `points` in its fractions."""

    kind: str
    label: str
    colour: int
    x: str
    y: str
    width: str = ""
    height: str = ""
    points: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a text, and the marks that cover them."""

    words: str
    labels: list[str] = field(default_factory=list)
    colour: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One question and what was answered: some words each, in order of preference where `is_ordered`."""

    title: str
    words: list[str]
    is_ordered: bool = False


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """What a page draws of an answer."""

    lines: list[Line]
    shapes: list[Shape]
    pieces: list[Piece]

    @property
    def has_marks(self) -> bool:
        """Whether passages of the text are marked."""
        return any(piece.labels for piece in self.pieces)


def shown(questions: Sequence[dict[str, Any]], answer: dict[str, Any], text: str = "") -> ShownAnswer:
    """An answer to these questions, over the text that its passages are of."""
    given = [(row, answer[row["name"]]) for row in questions if answer.get(row["name"]) is not None]
    lines = [Line(row["title"], words_of(row, value), row["kind"] == "ranking") for row, value in given]
    shapes = [shape for row, value in given for shape in shapes_of(row, value)]
    spans = [(mark, row) for row, value in given if row["kind"] == "spans" for mark in value]
    return ShownAnswer(lines, shapes, pieces_of(text, spans) if spans else [])


def words_of(row: dict[str, Any], value: Any) -> list[str]:
    """A value in words; one for a single value, else one for each part."""
    titles = {one["value"]: one.get("title") or one["value"] for one in row.get("options", [])}
    match row["kind"]:
        case "boolean":
            return [_("Yes") if value else _("No")]
        case "rating":
            return [_("%(value)s of %(most)s") % {"value": value, "most": row["max"]}]
        case "pairwise" if value == TIE:
            return [_("Neither is better")]
        case "choices" | "ranking":
            return [titles.get(one, one) for one in value] or [_("none of them")]
        case "spans":
            return [f"{titles.get(one['label'], one['label'])}: {one['text']}" for one in value] or [
                _("nothing marked")
            ]
        case "boxes" | "polygons":
            return [f"{n}. {titles.get(one['label'], one['label'])}" for n, one in enumerate(value, 1)] or [
                _("nothing marked")
            ]
    return [titles.get(value, str(value)) if isinstance(value, str) else str(value)]


def shapes_of(row: dict[str, Any], value: Any) -> Iterable[Shape]:
    """What is drawn on the picture."""
    if row["kind"] not in ("boxes", "polygons"):
        return
    titles = {one["value"]: one.get("title") or one["value"] for one in row["options"]}
    for number, mark in enumerate(value, 1):
        label = f"{number}. {titles.get(mark['label'], mark['label'])}"
        yield shape_of(mark, label, colour_of(row, mark["label"]))


def shape_of(mark: dict[str, Any], label: str, colour: int) -> Shape:
    """One mark on a picture."""
    if "points" not in mark:
        corner = [percent(mark[name]) for name in ("x", "y", "width", "height")]
        return Shape("box", label, colour, *corner)
    left, top = min(point[0] for point in mark["points"]), min(point[1] for point in mark["points"])
    points = " ".join(f"{x:.5f},{y:.5f}" for x, y in mark["points"])
    return Shape("polygon", label, colour, percent(left), percent(top), points=points)


def percent(share: float) -> str:
    """A fraction as SVG reads it."""
    return f"{share * 100:.3f}%"


def colour_of(row: dict[str, Any], label: str) -> int:
    """Which colour a label has, by its place among the options."""
    values = [one["value"] for one in row["options"]]
    return values.index(label) % COLOURS if label in values else 0


def pieces_of(text: str, spans: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[Piece]:
    """A text cut where passages begin and end; what several cover has the colour of the first."""
    within = [(mark, row) for mark, row in spans if mark["end"] <= len(text)]
    edges = sorted({0, len(text), *(mark[name] for mark, _row in within for name in ("start", "end"))})
    return [piece(text, start, end, within) for start, end in pairwise(edges)]


def piece(text: str, start: int, end: int, spans: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Piece:
    """What lies between two edges."""
    over = [(mark, row) for mark, row in spans if mark["start"] <= start and end <= mark["end"]]
    labels = [titled(row, mark["label"]) for mark, row in over]
    return Piece(text[start:end], labels, colour_of(over[0][1], over[0][0]["label"]) if over else None)


def titled(row: dict[str, Any], label: str) -> str:
    """A label as people read it."""
    return next((one.get("title") or label for one in row["options"] if one["value"] == label), label)
