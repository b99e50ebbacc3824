"""How many are in each of many slices, as lists show it: two queries, and no example is counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from slices.definitions.counting import totals
from slices.definitions.models import SliceVersion
from slices.definitions.windows import bounds
from teams.identity.models import Organization

FIRST, LAST = date(1900, 1, 1), date(9999, 12, 31)


class Figure(NamedTuple):
    """The members of a slice; by whole days, UTC, where `counted_at` is None, else as of then."""

    members: int
    labeled: int
    counted_at: datetime | None


def days_of(version: SliceVersion, as_of: datetime) -> tuple[date, date]:
    """The days of the window, both ends included."""
    if version.window is None:
        return FIRST, LAST
    start, end = bounds(version.window, as_of)
    last = (end - timedelta(microseconds=1)).astimezone(UTC).date()
    return start.astimezone(UTC).date() if start else FIRST, last


def figures(organization: Organization, versions: Sequence[SliceVersion]) -> dict[int, Figure]:
    """{version id: figure} of those that have been counted; the others will be in a moment."""
    now, by_id = timezone.now(), {version.pk: version for version in versions}
    countings = list(organization.countings.filter(slice_version__in=by_id))
    live = {
        row.slice_version_id: days_of(by_id[row.slice_version_id], now) for row in countings if row.is_live
    }
    sums = totals(organization, live)
    return {
        row.slice_version_id: figure(by_id[row.slice_version_id], *sums[row.slice_version_id], None)
        if row.is_live
        else Figure(row.n, row.labeled, row.counted_at)
        for row in countings
    }


def figure(version: SliceVersion, n: int, labeled: int, counted_at: datetime | None) -> Figure:
    """Who counts as a member is what the version says of labels."""
    members = labeled if version.labels == SliceVersion.Labels.ACCEPTED else n
    return Figure(members, labeled, counted_at)
