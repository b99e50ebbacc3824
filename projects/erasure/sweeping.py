"""Half-written pages of the book of erasures (`ledger`): whoever wrote them was killed, and wrote them again."""

from __future__ import annotations

from teams.identity.models import Organization
from teams.work.sweeping import remove


def sweep_drafts(organization: Organization, names: list[str]) -> int:
    """Of some old files below `erasures`, remove those that were never finished; how many."""
    return remove([name for name in names if name.endswith(".draft")])
