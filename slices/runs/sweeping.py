"""Files of results whose evaluation never came to be."""

from __future__ import annotations

from django.db import transaction

from slices.snapshots.files import BESIDE, alone_with
from teams.identity.models import Organization
from teams.work.sweeping import remove


def sweep_results(organization: Organization, names: list[str]) -> int:
    """Of some old files below `evaluations`, remove those that no evaluation names; how many."""
    return sum(sweep_one(organization, name) for name in names)


@transaction.atomic
def sweep_one(organization: Organization, name: str) -> int:
    """One file, while nobody reports the same results."""
    results = name.removesuffix(BESIDE)
    alone_with(results)
    is_named = organization.evaluations.filter(results_name=results).exists()
    return 0 if is_named else remove([name])
