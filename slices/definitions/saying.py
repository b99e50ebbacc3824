"""What a slice means, in the words that its pages show."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

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
    said = [in_window(version.window)]
    said += clauses(version.condition)
    if version.labels == SliceVersion.Labels.ACCEPTED:
        said.append(Chip(str(_("with an accepted label"))))
    if version.queues:
        said.append(Chip(_("labels from %(n)s named queues") % {"n": len(version.queues)}))
    if version.random_only:
        said.append(Chip(_("drawn by lot only")))
    said.append(Chip(_("in the split %(names)s") % {"names": ", ".join(version.splits)}))
    return said + sizes(version)


def in_window(window: dict[str, str] | None) -> Chip:
    """The window of time."""
    if window is None:
        return Chip(_("from the beginning"))
    words = {"captured_at": _("captured"), "ingested_at": _("arrived"), "labeled_at": _("labelled")}
    given = {"what": words[window["clock"]], "length": window["length"]}
    return Chip(_("%(what)s in the last %(length)s") % given)


def sizes(version: SliceVersion) -> list[Chip]:
    """How many at least, and at most."""
    said = []
    if version.min_size:
        said.append(Chip(_("at least %(n)s") % {"n": f"{version.min_size:,}"}))
    if version.max_size is not None:
        said.append(Chip(_("at most %(n)s") % {"n": f"{version.max_size:,}"}))
    return said
