"""Uploaded files of imports that never came to be: the request was cut off between the file and its row."""

from __future__ import annotations

from teams.identity.models import Organization
from teams.work.sweeping import remove


def sweep_uploads(organization: Organization, names: list[str]) -> int:
    """Of some old files below `imports`, remove those that no import names; how many. A name is never given twice."""
    known = set(organization.imports.filter(stored__in=names).values_list("stored", flat=True))
    return remove([name for name in names if name not in known])
