"""Examples with tasks do not expire: with them go asks, and what people hold or have begun."""

from __future__ import annotations

from collections.abc import Sequence

from teams.identity.models import Organization


def with_tasks(organization: Organization, ids: Sequence[int]) -> set[int]:
    """Those of some examples that have a task, in whatever state."""
    return set(organization.tasks.filter(example__in=ids).values_list("example", flat=True))
