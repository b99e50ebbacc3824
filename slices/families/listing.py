"""Children with their counts, as lists show them: a constant number of queries, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from slices.definitions.actions import current
from slices.definitions.figures import days_of
from slices.definitions.meaning import condition_of
from slices.definitions.models import SliceVersion
from slices.families.models import Child, Family


class Line(NamedTuple):
    """A child and how it stands."""

    child: Child
    members: int
    labeled: int
    standing: str


SUMS = """
SELECT key, sum(n)::bigint, sum(labeled)::bigint FROM slices_slicecount
WHERE organization_id = %(organization)s AND slice_version_id = %(version)s AND day BETWEEN %(since)s AND %(until)s
    AND (%(keys)s::text[] IS NULL OR key = ANY(%(keys)s))
GROUP BY key
"""


def sums(
    version: SliceVersion, as_of: datetime, keys: Sequence[str] | None = None
) -> dict[str, tuple[int, int]]:
    """{key: (all, with a label)} of the children named, or of all; by the window's days."""
    since, until = days_of(version, as_of)
    values: dict[str, Any] = {
        "organization": version.organization_id,
        "version": version.pk,
        "since": since,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {**values, "keys": None if keys is None else list(keys)})
        return {key: (n, labeled) for key, n, labeled in cursor.fetchall()}


def lines(family: Family, children: Sequence[Child], at: datetime | None = None) -> list[Line]:
    """Each child with its members, of them with a label, and how it stands; one query."""
    at, version = at or timezone.now(), current(family.slice)
    found = sums(version, at, [child.key for child in children])
    made = []
    for child in children:
        n, labeled = found.get(child.key, (0, 0))
        counted = labeled if version.labels == SliceVersion.Labels.ACCEPTED else n
        made.append(Line(child, counted, labeled, standing(family, version, child, counted, at)))
    return made


def standing(family: Family, version: SliceVersion, child: Child, members: int, at: datetime) -> str:
    """active, small (it borrows a wider model), gone, or what people decided: proposed, paused."""
    if child.state != Child.State.ACTIVE:
        return child.state
    if child.last_seen_on < at.date() - timedelta(days=family.gone_after_days):
        return "gone"
    least = version.min_size if child.min_size is None else child.min_size
    return "small" if members < least else "active"


def wider(family: Family, level: str, at: datetime) -> list[dict[str, Any]]:
    """[{"parent", "children", "members", "labeled"}] of a wider level, by who belongs where at a moment."""
    version = current(family.slice)
    [param] = list(version.params)[:1] or [""]
    since, until = days_of(version, at)
    with connection.cursor() as cursor:
        cursor.execute(
            WIDER,
            {
                "organization": family.organization_id,
                "family": family.pk,
                "stream": family.slice.stream_id,
                "param": param,
                "field": field_of(family, param),
                "level": level,
                "at": at,
                "version": version.pk,
                "since": since,
                "until": until,
            },
        )
        names = ("parent", "children", "members", "labeled")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


WIDER = """
SELECT coalesce(belongs.parent, ''), count(*), coalesce(sum(counted.n), 0)::bigint,
    coalesce(sum(counted.labeled), 0)::bigint
FROM slices_child child
LEFT JOIN LATERAL (
    SELECT parent FROM slices_belonging belonging
    WHERE belonging.organization_id = %(organization)s AND belonging.stream_id = %(stream)s
        AND belonging.field = %(field)s AND belonging.level = %(level)s
        AND belonging.value = child.values ->> %(param)s AND belonging.since <= %(at)s
    ORDER BY belonging.since DESC LIMIT 1
) belongs ON true
LEFT JOIN LATERAL (
    SELECT sum(n) AS n, sum(labeled) AS labeled FROM slices_slicecount counted
    WHERE counted.organization_id = %(organization)s AND counted.slice_version_id = %(version)s
        AND counted.key = child.key AND counted.day BETWEEN %(since)s AND %(until)s
) counted ON true
WHERE child.organization_id = %(organization)s AND child.family_id = %(family)s
GROUP BY 1 ORDER BY 1
"""


def field_of(family: Family, param: str) -> str:
    """The attribute that a parameter picks a value of."""
    fields, _rest = condition_of(current(family.slice)).grouped() or ({}, None)
    return fields.get(param, "")


def levels_of(family: Family) -> list[str]:
    """The wider levels that somebody has said anything of, in order of name."""
    rows = family.organization.belongings.filter(stream=family.slice.stream_id)
    return list(rows.order_by("level").values_list("level", flat=True).distinct())
