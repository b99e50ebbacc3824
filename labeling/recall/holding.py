"""Tasks in our hands, in the order that everybody keeps: leases, then tasks, then the labels of examples."""

from __future__ import annotations

from collections.abc import Collection

from labeling.answers.models import Annotation
from labeling.tasks.models import Lease, Task
from projects.streams.summary import lock
from teams.identity.models import Organization


def hold(organization: Organization, task_ids: Collection[int]) -> dict[int, Task]:
    """Some tasks by number, which nobody claims, answers or settles until the transaction ends."""
    leases = organization.leases.filter(task__in=task_ids).select_for_update(no_key=True)
    list(leases.order_by("pk").values_list("pk", flat=True))
    rows = organization.tasks.filter(pk__in=task_ids).select_for_update(of=("self",), no_key=True)
    tasks = {row.pk: row for row in rows.select_related("queue__schema", "organization").order_by("pk")}
    lock(organization, sorted({row.example_id for row in tasks.values()}))
    return tasks


def said(task: Task, *states: str) -> list[Annotation]:
    """What was said in a task's round that is in one of these states, oldest first."""
    rows = task.organization.annotations.filter(example=task.example_id, task=task, round=task.round)
    return list(rows.filter(state__in=states).order_by("pk"))


def in_hand(task: Task) -> set[int]:
    """The people who hold a place in a task's round and may still answer."""
    busy = (Lease.State.HELD, Lease.State.PUT_OFF, Lease.State.RETURNED)
    rows = task.organization.leases.filter(task=task, round=task.round, state__in=busy)
    return set(rows.values_list("user_id", flat=True))
