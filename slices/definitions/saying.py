"""What a slice means, in the words that its pages show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from projects.conditions.text import shown_clauses
from slices.definitions.models import SliceVersion


class Chip(NamedTuple):
    """One part of a meaning; `code` is written as people write conditions."""

    text: str
    code: bool = False


def clauses(condition: Any) -> list[Chip]:
    """The parts of a condition that are joined by `and`; none for a condition that takes everything."""
    return [Chip(text, code=True) for text in shown_clauses(condition)]


def chips(version: SliceVersion) -> list[Chip]:
    """Everything that decides who is a member, in the order in which it narrows."""
    said = [in_window(version.window), *delays(version.window)]
    said += clauses(version.condition)
    if version.labels == SliceVersion.Labels.ACCEPTED:
        said.append(Chip(str(_("with an accepted label"))))
    if version.queues:
        said.append(Chip(_("labels from %(n)s named queues") % {"n": len(version.queues)}))
    if version.random_only:
        said.append(Chip(_("drawn by lot only")))
    if version.dedupe:
        said.append(without_doubles(version.dedupe))
    said.append(Chip(_("in the split %(names)s") % {"names": ", ".join(version.splits)}))
    if version.temporal_holdout:
        said.append(held_out(version))
    if version.sample:
        said.append(drawn(version.sample))
    return said + sizes(version)


CLOCK_WORDS = {
    "captured_at": gettext_lazy("captured"),
    "ingested_at": gettext_lazy("arrived"),
    "labeled_at": gettext_lazy("labelled"),
}


def in_window(window: Mapping[str, Any] | None) -> Chip:
    """The window of time."""
    if window is None:
        return Chip(_("from the beginning"))
    what = str(CLOCK_WORDS[window["clock"]])
    match window.get("kind", "rolling"):
        case "calendar":
            return in_calendar(what, window)
        case "since":
            return Chip(_("%(what)s since %(at)s") % {"what": what, "at": short(window["at"])})
        case "between":
            both = {"what": what, "from": short(window["from"]), "to": short(window["to"])}
            return Chip(_("%(what)s from %(from)s until %(to)s") % both)
    return Chip(_("%(what)s in the last %(length)s") % {"what": what, "length": window["length"]})


def in_calendar(what: str, window: Mapping[str, Any]) -> Chip:
    """Days, weeks or months of a place."""
    n = window["last"]
    units = {
        "day": ngettext("%(n)s day", "%(n)s days", n),
        "week": ngettext("%(n)s week", "%(n)s weeks", n),
        "month": ngettext("%(n)s month", "%(n)s months", n),
    }
    given = {"what": what, "length": units[window["unit"]] % {"n": n}, "tz": window["tz"]}
    if window["complete"]:
        return Chip(_("%(what)s in the last %(length)s that are over (%(tz)s)") % given)
    return Chip(_("%(what)s in the last %(length)s with the present one (%(tz)s)") % given)


def short(text: str) -> str:
    """A stored moment without what is nothing: seconds, or the time of a midnight."""
    day, _t, time = text.partition("T")
    return day if time == "00:00:00.000000Z" else f"{day} {time[:5]} UTC"


def delays(window: Mapping[str, Any] | None) -> list[Chip]:
    """What a window leaves out at its end."""
    given = window or {}
    said = []
    if "grace" in given:
        said.append(Chip(_("with %(length)s of grace for late data") % {"length": given["grace"]}))
    if "exclude_newest" in given:
        said.append(Chip(_("without the newest %(length)s") % {"length": given["exclude_newest"]}))
    return said


def without_doubles(dedupe: Mapping[str, str]) -> Chip:
    """Which of those with one value is kept."""
    if dedupe["keep"] == "earliest":
        return Chip(_("the earliest of each %(field)s") % {"field": dedupe["by"]})
    return Chip(_("the latest of each %(field)s") % {"field": dedupe["by"]})


def held_out(version: SliceVersion) -> Chip:
    """A temporal holdout, from the side that the slice is on."""
    given = {"length": version.temporal_holdout}
    if "train" in version.splits:
        return Chip(_("older than the held out %(length)s") % given)
    return Chip(_("of the held out newest %(length)s") % given)


def drawn(sample: Mapping[str, Any]) -> Chip:
    """How it draws."""
    by = ", ".join(sample.get("by", ()))
    match sample["kind"]:
        case "hash_percent":
            return Chip(_("a fixed %(percent)s %% of them") % {"percent": sample["percent"]})
        case "newest":
            return Chip(_("the newest %(n)s") % {"n": f"{sample['n']:,}"})
        case "cap_per":
            return Chip(_("at most %(n)s of each %(by)s") % {"n": f"{sample['max']:,}", "by": by})
    if "max" in sample:
        given = {"by": by, "n": f"{sample['max']:,}"}
        return Chip(_("as many of each %(by)s, at most %(n)s") % given)
    return Chip(_("as many of each %(by)s") % {"by": by})


def sizes(version: SliceVersion) -> list[Chip]:
    """How many at least, and at most."""
    said = []
    if version.min_size:
        said.append(Chip(_("at least %(n)s") % {"n": f"{version.min_size:,}"}))
    if version.max_size is not None:
        said.append(Chip(_("at most %(n)s") % {"n": f"{version.max_size:,}"}))
    return said
