"""Values that are counted for the first time become children; nobody has to file them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db import connection
from django.utils import timezone
from msgspec.json import decode

from slices.definitions.routing import Place
from slices.families.models import Family
from teams.events.actions import record
from teams.identity.models import Organization

MEET = """
INSERT INTO slices_child AS known (organization_id, family_id, key, name, values, state, first_seen_at, last_seen_on)
SELECT %(organization)s, %(family)s, key, name, values, %(state)s, now(), day
FROM unnest(%(keys)s::text[], %(names)s::text[], %(values)s::jsonb[], %(days)s::date[])
    AS met (key, name, values, day)
ORDER BY key
ON CONFLICT (family_id, key) DO UPDATE SET last_seen_on = excluded.last_seen_on
    WHERE known.last_seen_on < excluded.last_seen_on
RETURNING xmax = 0
"""


def meet(organization: Organization, places: Collection[Place]) -> None:
    """Make children of the families' values among places that gained members, and note when they were last seen."""
    last: dict[int, dict[str, date]] = {}
    for place in places:
        if place.key:
            days = last.setdefault(place.version_id, {})
            days[place.key] = max(days.get(place.key, place.day), place.day)
    if not last:
        return
    families = organization.families.filter(slice__versions__in=last).exclude(
        new_values=Family.NewValues.IGNORED
    )
    for family, version_id in families.values_list("pk", "slice__versions"):
        if version_id in last:
            grow(organization.families.get(pk=family), last[version_id])


def grow(family: Family, days: dict[str, date]) -> int:
    """Add the values of `days`, {key: last seen on}, to a family; how many were new."""
    values, today = {key: decode(key) for key in days}, timezone.now().date()
    with connection.cursor() as cursor:
        cursor.execute(
            MEET,
            {
                "organization": family.organization_id,
                "family": family.pk,
                "state": family.new_values,
                "keys": list(days),
                "names": [name_of(value) for value in values.values()],
                "values": list(days),
                "days": [min(day, today) for day in days.values()],  # a camera's clock may be ahead
            },
        )
        new = sum(is_new for (is_new,) in cursor.fetchall())
    if new:
        record("family.grew", organization=family.organization, subject=family, by=None, children=new)
    return new


def name_of(values: dict[str, Any]) -> str:
    """What people call a child: its values."""
    return " · ".join(str(value) for _name, value in sorted(values.items()))
