"""Drift on the page of a slice: against the window before, or against what was last frozen of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from slices.definitions.drifting import Drift, Sides, drift_of
from slices.definitions.models import SliceVersion
from slices.snapshots.drifting import drift_since
from slices.snapshots.models import Snapshot
from teams.identity.refused import Refused

SHOWN = 6
LEVELS = ("drift", "warn", "none")  # the worst first; few rows say nothing
LOOKS = {"drift": "drifted", "warn": "drifting", "none": "steady", "few": "too_few"}


class Row(NamedTuple):
    """One dimension: how it looks, and the values that moved most."""

    drift: Drift
    status: str


class Panel(NamedTuple):
    """What was compared with what, how it looks all in all, the dimensions, and how many more there are."""

    against: str
    status: str
    rows: list[Row]
    more: int
    exact: bool


def drift_panel(version: SliceVersion, as_of: datetime) -> Panel:
    """Raises Refused where nothing can be said: no window before and nothing frozen, or it takes too long."""
    try:
        return panel_of(drift_of(version, as_of), _("against the window before"))
    except Refused as refusal:
        if refusal.code != "no_window_before":
            raise
    snapshot = last_of(version)
    if snapshot is None:
        raise Refused(_("It has no window of time, and nothing was frozen yet: there is nothing to compare."))
    return panel_of(drift_since(snapshot, as_of), _("since it was last frozen"))


def last_of(version: SliceVersion) -> Snapshot | None:
    """What was last frozen of the slice; its histograms were stored with it."""
    rows: Any = version.organization.snapshots.filter(slice_version__slice=version.slice_id)
    related = ("slice_version__slice__stream", "slice_version__organization", "organization")
    found: Snapshot | None = rows.select_related(*related).order_by("-as_of", "-pk").first()
    return found


def panel_of(sides: Sides, against: str) -> Panel:
    """The most drifted dimensions."""
    levels = [one.level for one in sides.dimensions]
    worst = next((level for level in LEVELS if level in levels), "few")
    rows = [Row(one, LOOKS[one.level]) for one in sides.dimensions]
    return Panel(against, LOOKS[worst], rows[:SHOWN], max(0, len(rows) - SHOWN), sides.exact)
