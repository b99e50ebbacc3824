"""A sheet: up to 24 tasks that one person holds at once, each in a cell; claimed, held on to and let go together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from labeling.queues.models import Queue
from labeling.tasks.claiming import columns, lease_in
from labeling.tasks.hindrances import midnight
from labeling.tasks.models import CELLS, Lease, Task
from projects.streams.models import Example
from teams.identity.models import User

CLAIM = f"""
    SELECT {columns(Lease, "lease")}, {columns(Task, "task")}, {columns(Example, "example")}
    FROM labeling_claim_sheet(%(organization)s, %(queue)s, %(user)s, %(cells)s, %(now)s, %(today)s) found
"""  # noqa: S608 -- names of our own columns

# As if nobody had seen them: what an undone sheet takes the place of.
LET_GO = """
    WITH ended AS (
        UPDATE labeling_lease SET state = 'expired', token = token + 1, ended_at = %(at)s
        WHERE organization_id = %(organization)s AND queue_id = %(queue)s AND user_id = %(user)s AND state = 'held'
          AND NOT prefetched
        RETURNING task_id, user_id
    )
    UPDATE labeling_task task
    SET open_slots = open_slots + 1, people = array_remove(people, ended.user_id::bigint)
    FROM ended WHERE task.organization_id = %(organization)s AND task.id = ended.task_id AND task.state = 'open'
"""
# Another room may put tasks into some of the free cells first: (user, queue, the cells that are free).
OFFERS: list[Callable[[User, Queue, list[int]], None]] = []


def held_sheet(*, user: User, queue: Queue) -> list[Lease]:
    """What the person holds in the queue, as it is shown: one predicted class stands together."""
    mine = queue.organization.leases.filter(user=user, queue=queue, state=Lease.State.HELD, prefetched=False)
    held = list(mine.select_related("task__example")[:CELLS])
    for lease in held:
        lease.queue = lease.task.queue = queue
        lease.organization = lease.task.organization = queue.organization
        lease.task.example.stream, lease.task.example.organization = queue.stream, queue.organization
    return in_order(held)


@transaction.atomic
def claim_sheet(*, user: User, queue: Queue) -> list[Lease]:
    """What the person holds, and in the free cells what comes next by the rules of the queue; empty: nothing comes."""
    if OFFERS:
        mine = queue.organization.leases.filter(user=user, queue=queue, state=Lease.State.HELD)
        taken = set(mine.filter(prefetched=False).values_list("cell", flat=True))
        for offer in OFFERS:
            offer(user, queue, [cell for cell in range(CELLS) if cell not in taken])
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "user": user.pk,
        "cells": CELLS,
        "now": timezone.now(),
        "today": midnight(),
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        return in_order([lease_in(row, queue) for row in cursor.fetchall()])


def in_order(leases: list[Lease]) -> list[Lease]:
    """By what the model says, the least sure of each first."""

    def place(lease: Lease) -> tuple[str, float, int]:
        example = lease.task.example
        return example.predicted or "", example.confidence or 0, lease.pk

    return sorted(leases, key=place)


def renew_sheet(*, user: User, queue: Queue) -> datetime | None:
    """Hold on to all of the sheet; the new end, None where nothing is held any more."""
    until = timezone.now() + timedelta(seconds=queue.lease_s)
    mine = queue.organization.leases.filter(user=user, queue=queue, state=Lease.State.HELD, prefetched=False)
    return until if mine.update(expires_at=until) else None


def let_go(*, user: User, queue: Queue) -> None:
    """Return what the person holds to the line, as if nobody had seen it."""
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "user": user.pk,
        "at": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(LET_GO, values)
