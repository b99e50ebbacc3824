"""What the explorer says of a text: its mistakes at their spot, what was meant, what is odd about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from projects.conditions.doubts import warnings
from projects.conditions.missing import lacking
from projects.conditions.text import show_field
from slices.explorer.asking import Asked


class Piece(NamedTuple):
    """A stretch of the text; `wrong` where a mistake is."""

    text: str
    wrong: bool


class Mistake(NamedTuple):
    """One thing that is wrong, and the texts that may have been meant: (what, the whole text with it)."""

    detail: str
    meant: list[tuple[str, str]]


class Hint(NamedTuple):
    """Something odd about a text that can be used."""

    text: str
    tone: str = "warn"


def spans_of(asked: Asked) -> list[tuple[int, int]]:
    """Where the mistakes are, in order; at the end of the text where it breaks off."""
    ends = len(asked.text)
    return sorted((one["span"][0], min(one["span"][1], ends)) for one in asked.errors if one.get("span"))


def pieces(asked: Asked) -> list[Piece]:
    """The text cut at its mistakes; one that lies at the very end is a space there."""
    found, at = [], 0
    for start, end in spans_of(asked):
        if start < at:
            continue  # within the one before
        found.append(Piece(asked.text[at:start], False))
        found.append(Piece(asked.text[start:end] or " ", True))
        at = max(end, start)
    found.append(Piece(asked.text[at:], False))
    return [piece for piece in found if piece.text]


def mistakes(asked: Asked) -> list[Mistake]:
    """Each with what may have been meant."""
    return [Mistake(said(one, asked.text), meant(asked, one)) for one in asked.errors]


def said(one: dict[str, Any], text: str) -> str:
    """A mistake in a sentence that fits below the text; one that breaks off is told how it may go on."""
    if one["code"] != "syntax":
        return str(one["detail"])
    wanted = one.get("expected", [])
    if not wanted:
        return _("It cannot be read from the underlined place on.")
    listed = ", ".join(wanted[:8]) + (" …" if len(wanted) > 8 else "")
    if breaks_off(one, text):
        return _("It breaks off here. Next comes one of: %(what)s.") % {"what": listed}
    return _("At the underlined place something else is expected: %(what)s.") % {"what": listed}


def breaks_off(one: dict[str, Any], text: str) -> bool:
    """Whether the text only stops too early."""
    return bool(one["code"] == "syntax" and one["span"][1] >= len(text.rstrip()))


def is_unfinished(asked: Asked) -> bool:
    """Whether nothing is wrong with a text but that it stops too early: somebody is still typing."""
    return bool(asked.errors) and all(breaks_off(one, asked.text) for one in asked.errors)


def meant(asked: Asked, one: dict[str, Any]) -> list[tuple[str, str]]:
    """The whole text with each suggestion in the place of the mistake."""
    span: Sequence[int] = one.get("span") or ()
    if not span or one["code"] != "unknown_field":
        return []
    head, tail = asked.text[: span[0]], asked.text[span[1] :]
    names = [(name, show_field(name)) for name in one.get("did_you_mean", [])]
    return [(name, f"{head}{shown}{tail}") for name, shown in names]


def hints(asked: Asked, n: int | None) -> list[Hint]:
    """What to know about a condition that can be used; `n` is how many meet it, if it was counted."""
    if asked.condition is None:
        return []
    words = {
        "always_true": Hint(_("Every example meets this, or a part of it")),
        "always_false": Hint(_("No example can ever meet this, or a part of it")),
        "not_indexed": Hint(_("Reads every example: add a time or a promoted attribute"), "neutral"),
    }
    found = [words[one["code"]] for one in warnings(asked.condition) if one["code"] in words]
    for name in lacking(asked.condition):
        found.append(Hint(lack_of(name), "accent"))
    if n == 0 and not any(one is words["always_false"] for one in found):
        found.append(Hint(_("Nothing meets it at present")))
    return list(dict.fromkeys(found))


def lack_of(name: str) -> str:
    """That a negation takes rows without a value."""
    if name == "label":
        return _("Includes rows with no label")
    if name in ("prediction", "confidence"):
        return _("Includes rows with no prediction")
    return _("Includes rows with no value of %(name)s") % {"name": name}
