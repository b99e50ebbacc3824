"""The words that the scripts of the kinds say, in the person's language. `{}` are filled in by the script."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words_of(kind: str, *, is_searched: bool) -> dict[str, str]:
    """What the script of a kind has to say; empty where it says nothing."""
    if is_searched:
        return searching()
    match kind:
        case "ranking":
            return ranking()
        case "spans":
            return marking_text()
    return {}


def searching() -> dict[str, str]:
    """Finding an option among many."""
    return {
        "found": _("{n} found. Arrows choose, Enter takes."),
        "more": _("{n} more; type further."),
        "nothing": _("Nothing is called so."),
        "away": _("The server did not answer; type again."),
        "chosen": _("{title} chosen."),
        "removed": _("{title} taken out."),
        "remove": _("Take out {title}"),
        "inside": _("{n} below; → opens"),
    }


def ranking() -> dict[str, str]:
    """Putting things in order."""
    return {
        "unranked": _("not placed yet"),
        "placed": _("{title}: place {n} of {of}."),
        "up": _("{title} one place up"),
        "down": _("{title} one place down"),
        "again": _("Start over"),
        "list": _("In order, best first"),
        "hint": _("A key gives the next place; ↑ ↓ go, with Shift they move."),
    }


def marking_text() -> dict[str, str]:
    """Marking passages."""
    return {
        "text": _("Text to mark. Arrows move, with Shift they select, a label's key marks."),
        "nothing": _("Select something first: Shift and an arrow."),
        "marked": _("{text} marked as {label}."),
        "removed": _("{text}: mark taken away."),
        "selected": _("{text} selected."),
        "remove": _("Take away {label}: {text}"),
        "none": _("Nothing is marked yet."),
        "most": _("At most {n} can be marked."),
        "hint": _("In the text: ← → move, Ctrl by words, Shift selects, Delete takes a mark away."),
    }
