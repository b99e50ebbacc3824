"""Opening tasks: set-wise, and never twice for the same example, queue and round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from labeling.queues.models import Queue
from labeling.tasks.models import SelectedBy
from teams.events.actions import record
from teams.identity.models import Organization, User

# Where a task stands among those of its priority and deadline, by the order of its queue.
PLACE = """
    CASE <order> WHEN 'unsure' THEN coalesce(e.confidence, 0) WHEN 'sure' THEN -coalesce(e.confidence, 0) ELSE 0 END
"""
OPEN = """
    INSERT INTO labeling_task (organization_id, queue_id, example_id, round, state, priority, due_at, order_key,
                               open_slots, people, selected_by, inclusion_probability, opened_at, expiries)
    SELECT e.organization_id, %(queue)s, e.id, 1, 'open', %(priority)s, %(due)s, <place>,
           %(slots)s, '{}', %(selected_by)s, %(probability)s, %(now)s, 0
    FROM projects_example e
    WHERE e.organization_id = %(organization)s AND e.stream_id = %(stream)s AND e.id = ANY(%(examples)s)
    ON CONFLICT (organization_id, queue_id, example_id, round) DO NOTHING
    RETURNING id
""".replace("<place>", PLACE.replace("<order>", "%(order)s"))

# A task that somebody takes at this moment may keep its old place: it is out of the line anyway.
REORDER = """
    WITH moved AS (
        SELECT task.id, <place> AS order_key
        FROM labeling_task task JOIN projects_example e ON e.id = task.example_id
        JOIN labeling_queue queue ON queue.id = task.queue_id
        WHERE task.organization_id = %(organization)s AND task.example_id = ANY(%(examples)s)
          AND task.state = 'open' AND task.open_slots > 0
          AND e.organization_id = %(organization)s AND task.order_key IS DISTINCT FROM <place>
        ORDER BY task.id FOR NO KEY UPDATE OF task SKIP LOCKED
    )
    UPDATE labeling_task task SET order_key = moved.order_key FROM moved WHERE task.id = moved.id
""".replace("<place>", PLACE.replace("<order>", 'queue."order"'))

# Some of a queue's open tasks that are not where its order and priority put them now.
REKEY = """
    WITH astray AS (
        SELECT task.id, <place> AS order_key, queue.priority
        FROM labeling_task task JOIN projects_example e ON e.id = task.example_id
        JOIN labeling_queue queue ON queue.id = task.queue_id
        WHERE task.organization_id = %(organization)s AND task.queue_id = %(queue)s AND task.state = 'open'
          AND task.selected_by <> 'ask' AND (task.order_key, task.priority) IS DISTINCT FROM (<place>, queue.priority)
        ORDER BY task.id LIMIT %(step)s FOR NO KEY UPDATE OF task
    )
    UPDATE labeling_task task SET order_key = astray.order_key, priority = astray.priority
    FROM astray WHERE task.id = astray.id
""".replace("<place>", PLACE.replace("<order>", 'queue."order"'))
STEP = 10_000


@transaction.atomic
def open_tasks(
    *,
    queue: Queue,
    example_ids: Sequence[int],
    selected_by: SelectedBy,
    probability: float | None,
    priority: int | None = None,
    due_at: datetime | None = None,
    by: User | None,
) -> list[int]:
    """Open one task an example, least certain first; the ids of the new ones.

    `probability` is that of being drawn, where a lot decided. Without `due_at` a task waits behind those that
    have a deadline. Examples that have a task here are passed over.
    """
    if not example_ids:
        return []
    now = timezone.now()
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "stream": queue.stream_id,
        "examples": list(example_ids),
        "priority": queue.priority if priority is None else priority,
        "due": due_at or due_of(queue, now),
        "order": queue.order,
        "slots": queue.overlap,
        "selected_by": selected_by,
        "probability": probability,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN, values)
        opened = [task_id for (task_id,) in cursor.fetchall()]
    if opened:
        record(
            "tasks.opened",
            organization=queue.organization,
            subject=queue,
            by=by,
            count=len(opened),
            selected_by=selected_by,
        )
    return opened


def reorder(*, organization: Organization, example_ids: Sequence[int]) -> int:
    """Put open tasks where the newest prediction of their example puts them; how many moved. No event."""
    with connection.cursor() as cursor:
        cursor.execute(REORDER, {"organization": organization.pk, "examples": list(example_ids)})
        return cursor.rowcount


def due_of(queue: Queue, now: datetime) -> datetime | None:
    """When a task that is opened now should be answered, by its queue's rule."""
    return None if queue.due_within_h is None else now + timedelta(hours=queue.due_within_h)


def rekey(*, queue: Queue) -> int:
    """Put some of a queue's open tasks where they belong now; how many moved, 0 at the end. No event."""
    values = {"organization": queue.organization_id, "queue": queue.pk, "step": STEP}
    with connection.cursor() as cursor:
        cursor.execute(REKEY, values)
        return cursor.rowcount
