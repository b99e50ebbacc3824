"""Questions of pipelines about erased examples go; one that still waits for an answer gets none."""

from __future__ import annotations

from labeling.tasks.erasing import hold, removed
from teams.work.erasing import Doomed

ASKS = """
DELETE FROM labeling_ask WHERE organization_id = %(organization)s AND task_id IN (
    SELECT id FROM labeling_task WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
)
"""


def erase_asks(doomed: Doomed) -> int:
    """How many were removed. The first of labeling's erasers, so it also keeps others off the tasks."""
    hold(doomed)
    return removed(doomed, ASKS)


def count_asks(doomed: Doomed) -> int:
    """How many there are."""
    return doomed.organization.asks.filter(task__example__in=doomed.example_ids).count()
