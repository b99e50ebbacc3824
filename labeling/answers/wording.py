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
        case "boxes":
            return drawing() | boxes()
        case "polygons":
            return drawing() | polygons()
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


def drawing() -> dict[str, str]:
    """Shapes on a picture."""
    return {
        "picture": _("Picture to mark"),
        "noPicture": _("This example has no picture to draw on."),
        "broken": _("The picture cannot be loaded. Look at the page again, or skip this task."),
        "labels": _("What the next shape is, or the selected one"),
        "tools": _("Shapes"),
        "zoom": _("Size of the picture"),
        "in": _("Larger"),
        "out": _("Smaller"),
        "fit": _("Fit"),
        "remove": _("Remove"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "list": _("Shapes on the picture"),
        "none": _("Nothing is marked yet."),
        "nothing": _("Select a shape first: Page Down."),
        "nothingToUndo": _("There is nothing more."),
        "one": _("{label}, {n} of {of}: {place}"),
        "next": _("The next one is {label}."),
        "removed": _("{label}, shape {n}, is taken away."),
        "most": _("At most {n} can be marked."),
        "undone": _("Undone; {n} on the picture."),
        "redone": _("Done again; {n} on the picture."),
    }


def boxes() -> dict[str, str]:
    """What only boxes say."""
    return {
        "new": _("New box"),
        "place": _("{left}–{right} % across, {top}–{bottom} % down"),
        "hint": _(
            "Drag on the picture. By keyboard: n puts a box there, arrows move it (Alt: finely), with Shift they "
            "resize it, Page Down goes to the next. Ctrl+Z undoes."
        ),
    }


def polygons() -> dict[str, str]:
    """What only polygons say."""
    return {
        "new": _("New outline"),
        "nextPoint": _("Next point"),
        "addPoint": _("Add a point"),
        "place": _("{n} points, {left}–{right} % across, {top}–{bottom} % down"),
        "point": _("Point {n} of {of}: {x} % across, {y} % down"),
        "points": _("{n} points. Enter closes the outline."),
        "fewer": _("An outline has three points or more."),
        "crosses": _("It crosses itself."),
        "hint": _(
            "Click point by point; Enter or the first point closes. By keyboard: n puts an outline there, arrows move "
            "it or the point that p chose, with Shift they resize it, Page Down goes to the next. Ctrl+Z undoes."
        ),
    }
