"""Who holds what: claim in one statement, renew, give back, expire.

Whoever needs several of these rows locks the lease first, then its task: so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.queues.models import Queue
from labeling.tasks.hindrances import midnight
from labeling.tasks.models import Lease, Task
from projects.streams.models import Example
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

AHEAD_FOR = timedelta(
    minutes=2
)  # the lease of a task that a page fetches ahead; renewed with the one in front


def columns(model: type[models.Model], name: str) -> str:
    """The columns of a row that a function gives whole, in the order in which Django reads them."""
    return ", ".join(f"(found.{name}).{field.column}" for field in model._meta.concrete_fields)


# One round trip that picks, leases, and reads what the page shows.
CLAIM = f"""
    SELECT {columns(Lease, "lease")}, {columns(Task, "task")}, {columns(Example, "example")}
    FROM labeling_claim(%(organization)s, %(queue)s, %(user)s, %(ahead)s, %(now)s, %(today)s, %(ahead_for)s) found
"""  # noqa: S608 -- names of our own columns

# A task that was only fetched ahead or put off returns as if nobody had seen it.
EXPIRE = """
    WITH lost AS (
        SELECT id, state = 'held' AND NOT prefetched AS counts FROM labeling_lease
        WHERE state IN ('held', 'put_off') AND expires_at < %(at)s
        ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE labeling_lease lease
        SET state = 'expired', token = lease.token + 1, ended_at = %(at)s, prefetched = false, again_at = NULL
        FROM lost WHERE lease.id = lost.id
        RETURNING lease.task_id, lease.user_id, lost.counts
    ), freed AS (
        SELECT task_id, array_agg(user_id::bigint) AS users, count(*) AS places, count(*) FILTER (WHERE counts) AS times
        FROM ended GROUP BY task_id
    ), returned AS (
        UPDATE labeling_task task
        SET open_slots = task.open_slots + freed.places, expiries = task.expiries + freed.times,
            people = ARRAY(SELECT person FROM unnest(task.people) person WHERE person <> ALL (freed.users)),
            line = CASE WHEN escalates THEN 'escalated' ELSE task.line END
        FROM freed JOIN labeling_task was ON was.id = freed.task_id
        JOIN labeling_queue queue ON queue.id = was.queue_id
        CROSS JOIN LATERAL (
            SELECT was.line = 'anybody' AND was.selected_by <> 'ask' AND queue.escalation_team_id IS NOT NULL
                AND queue.escalate_after BETWEEN 1 AND was.expiries + freed.times AND freed.times > 0 AS escalates
        ) AS judged
        WHERE task.id = freed.task_id AND task.state = 'open'
        RETURNING task.id, escalates
    )
    SELECT task.queue_id, sum(freed.places)::int, count(*) FILTER (WHERE returned.escalates)::int
    FROM freed JOIN labeling_task task ON task.id = freed.task_id LEFT JOIN returned ON returned.id = freed.task_id
    GROUP BY task.queue_id ORDER BY task.queue_id
"""
EXPIRE_AT_ONCE = 500
# Another room may put a task into the person's hands first, or ahead; claiming then finds what they hold.
OFFERS: list[Callable[[User, Queue, bool], None]] = []

GIVE_BACK = """
    WITH ended AS (
        UPDATE labeling_lease SET state = 'expired', token = token + 1, ended_at = %(at)s, prefetched = false
        WHERE organization_id = %(organization)s AND id = %(lease)s AND token = %(token)s AND state = 'held'
          AND prefetched
        RETURNING task_id, user_id
    )
    UPDATE labeling_task task
    SET open_slots = open_slots + 1, people = array_remove(people, ended.user_id::bigint)
    FROM ended WHERE task.organization_id = %(organization)s AND task.id = ended.task_id AND task.state = 'open'
"""

STALE = _(
    "This task is no longer yours: its time ran out, or it was answered in another window. "
    "Your answer is kept as a draft."
)


def held(*, user: User, queue: Queue) -> Lease | None:
    """The task that this person holds in this queue, if any; not the one that their page fetched ahead."""
    mine = queue.organization.leases.filter(user=user, queue=queue, state=Lease.State.HELD, prefetched=False)
    return mine.select_related("task__example__stream").first()


def claim(*, user: User, queue: Queue, ahead: bool = False) -> Lease | None:
    """What the person holds, else what came back to them, else the next task; None when nothing comes.

    With `ahead` the task after that, under a short lease of its own, to be shown the moment the first is answered.
    The lease carries its task, example and queue; the places of the task are read when they are asked for.
    """
    for offer in OFFERS:
        offer(user, queue, ahead)
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "user": user.pk,
        "ahead": ahead,
        "now": timezone.now(),
        "today": midnight(),
        "ahead_for": AHEAD_FOR,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        row = cursor.fetchone()
    return lease_in(row, queue) if row else None


def lease_in(row: Sequence[Any], queue: Queue) -> Lease:
    """The lease in a row of CLAIM, with its task and example; all three are of the queue's own stream."""
    values = iter(row)
    lease, task, example = (made(model, values) for model in (Lease, Task, Example))
    lease.task, lease.queue, lease.organization = task, queue, queue.organization
    task.example, task.queue, task.organization = example, queue, queue.organization
    example.stream, example.organization = queue.stream, queue.organization
    return lease


def made(model: type[models.Model], values: Iterator[Any]) -> Any:
    """A row as Django would have read it."""
    fields = model._meta.concrete_fields
    read = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, values, strict=False)
    ]
    return model.from_db(connection.alias, [field.attname for field in fields], read)


def renew(*, lease: Lease, token: int) -> datetime:
    """Hold on for another lease; the new end. Raises Refused when it is no longer held by this token."""
    now = timezone.now()
    until, held = (
        now + timedelta(seconds=lease.queue.lease_s),
        lease.organization.leases.filter(state=Lease.State.HELD),
    )
    if not held.filter(pk=lease.pk, token=token).update(expires_at=until):
        raise Refused(STALE, "lease_lost")
    held.filter(user=lease.user_id, queue=lease.queue_id, prefetched=True).update(expires_at=now + AHEAD_FOR)
    return until


def give_back(*, lease: Lease, token: int) -> bool:
    """Return a task that was fetched ahead and never shown; whether there was one. It is nobody's doing: no event."""
    values: dict[str, Any] = {
        "organization": lease.organization_id,
        "lease": lease.pk,
        "token": token,
        "at": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, values)
        return bool(cursor.rowcount)


@transaction.atomic
def expire(at: datetime) -> int:
    """End the leases past their end: their fence moves on, their place is free again; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRE, {"at": at, "limit": EXPIRE_AT_ONCE})
        ended = {queue: (places, escalated) for queue, places, escalated in cursor.fetchall()}
    for queue in Queue.objects.filter(pk__in=ended).select_related("organization"):
        places, escalated = ended[queue.pk]
        record("leases.expired", organization=queue.organization, subject=queue, by=None, count=places)
        if escalated:
            record(
                "tasks.escalated", organization=queue.organization, subject=queue, by=None, count=escalated
            )
    return sum(places for places, _escalated in ended.values())
