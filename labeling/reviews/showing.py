"""An answer in words, question by question; `labeling/answers/marked.py` draws what it marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from projects.schemas.values import TIE


@dataclass(frozen=True, slots=True)
class Line:
    """One question and what was answered: some words each, in order of preference where `is_ordered`."""

    title: str
    words: list[str]
    is_ordered: bool = False


def lines_of(questions: Sequence[dict[str, Any]], answer: dict[str, Any]) -> list[Line]:
    """What an answer says to these questions; what was left open is not among them."""
    given = [(row, answer[row["name"]]) for row in questions if answer.get(row["name"]) is not None]
    return [Line(row["title"], words_of(row, value), row["kind"] == "ranking") for row, value in given]


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
