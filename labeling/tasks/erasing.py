"""Tasks about erased examples go, with who held them and what they had typed."""

from __future__ import annotations

from typing import Any

from django.db import connection

from teams.work.erasing import Doomed

# In the order that everybody keeps: leases, then tasks. Who is submitting may finish; who comes later finds nothing.
HOLD = """
SELECT lease.id FROM labeling_lease lease JOIN labeling_task task ON task.id = lease.task_id
WHERE lease.organization_id = %(organization)s AND task.organization_id = %(organization)s
    AND task.example_id = ANY(%(ids)s)
ORDER BY lease.id FOR UPDATE OF lease
"""
HOLD_TASKS = """
SELECT id FROM labeling_task WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
ORDER BY id FOR UPDATE
"""
LEASES = """
DELETE FROM labeling_lease WHERE organization_id = %(organization)s AND task_id IN (
    SELECT id FROM labeling_task WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
)
"""
TASKS = "DELETE FROM labeling_task WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)"


def named(doomed: Doomed) -> dict[str, Any]:
    """What the statements of labeling's erasers ask for."""
    return {"organization": doomed.organization.pk, "ids": list(doomed.example_ids)}


def removed(doomed: Doomed, *statements: str) -> int:
    """How many rows the last of some statements removed."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, named(doomed))
        return int(cursor.rowcount)


def hold(doomed: Doomed) -> None:
    """Nobody submits or claims any of the tasks until the transaction ends."""
    removed(doomed, HOLD, HOLD_TASKS)


def erase_tasks(doomed: Doomed) -> int:
    """Leases with their drafts, then the tasks; how many tasks."""
    return removed(doomed, LEASES, TASKS)


def count_tasks(doomed: Doomed) -> int:
    """How many there are."""
    return doomed.organization.tasks.filter(example__in=doomed.example_ids).count()
