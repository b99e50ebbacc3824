"""Uploads that no row knows: the batch that brought them was rolled back after the file had its place."""

from __future__ import annotations

from teams.identity.models import Organization
from teams.work.sweeping import remove


def sweep_media(organization: Organization, names: list[str]) -> int:
    """Of some old files below `media`, remove those that no row knows; how many. A name is never given twice."""
    known = set(organization.media.filter(name__in=names).values_list("name", flat=True))
    return remove([name for name in names if name not in known])
