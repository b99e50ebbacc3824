"""Who holds what: claim in one statement, renew, skip, expire.

Whoever needs several of these rows locks the lease first, then its task: so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.queues.models import Queue
from labeling.tasks.models import Lease, Task
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

# What the person holds, else what was returned to them, else the next task. Nothing is chosen twice: the later
# parts look only where the earlier ones found nothing.
CLAIM = """
    WITH mine AS (
        UPDATE labeling_lease SET expires_at = greatest(expires_at, %(until)s)
        WHERE state = 'held' AND id = (
            SELECT lease.id FROM labeling_lease lease JOIN labeling_task task ON task.id = lease.task_id
            WHERE lease.organization_id = %(organization)s AND lease.user_id = %(user)s AND lease.state = 'held'
              AND task.queue_id = %(queue)s
            ORDER BY lease.claimed_at LIMIT 1
        )
        RETURNING id
    ), again AS (
        UPDATE labeling_lease SET state = 'held', token = token + 1, claimed_at = %(now)s, expires_at = %(until)s,
                                  ended_at = NULL
        WHERE NOT EXISTS (SELECT FROM mine) AND state = 'returned' AND id = (
            SELECT lease.id FROM labeling_lease lease JOIN labeling_task task ON task.id = lease.task_id
            WHERE lease.organization_id = %(organization)s AND lease.user_id = %(user)s
              AND lease.state = 'returned' AND task.queue_id = %(queue)s AND task.state = 'open'
            ORDER BY lease.ended_at LIMIT 1
        )
        RETURNING id
    ), picked AS (
        SELECT id FROM labeling_task
        WHERE %(active)s AND NOT EXISTS (SELECT FROM mine) AND NOT EXISTS (SELECT FROM again)
          AND organization_id = %(organization)s AND queue_id = %(queue)s AND state = 'open' AND open_slots > 0
          AND NOT people @> ARRAY[%(user)s]::bigint[]
        ORDER BY priority DESC, due_at, order_key, id
        LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE labeling_task task SET open_slots = task.open_slots - 1, people = task.people || %(user)s::bigint
        FROM picked WHERE task.id = picked.id
        RETURNING task.id, task.round
    ), made AS (
        INSERT INTO labeling_lease (organization_id, task_id, round, user_id, state, token, claimed_at, expires_at)
        SELECT %(organization)s, id, round, %(user)s, 'held', 1, %(now)s, %(until)s FROM taken
        ON CONFLICT (task_id, round, user_id) DO UPDATE
        SET state = 'held', token = labeling_lease.token + 1, claimed_at = EXCLUDED.claimed_at,
            expires_at = EXCLUDED.expires_at, ended_at = NULL
        RETURNING id
    )
    SELECT id FROM mine UNION ALL SELECT id FROM again UNION ALL SELECT id FROM made
"""

EXPIRE = """
    WITH lost AS (
        SELECT id FROM labeling_lease
        WHERE state = 'held' AND expires_at < %(at)s
        ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE labeling_lease lease SET state = 'expired', token = lease.token + 1, ended_at = %(at)s
        FROM lost WHERE lease.id = lost.id
        RETURNING lease.task_id, lease.user_id
    ), freed AS (
        SELECT task_id, array_agg(user_id::bigint) AS users, count(*) AS places FROM ended GROUP BY task_id
    ), returned AS (
        UPDATE labeling_task task
        SET open_slots = task.open_slots + freed.places, expiries = task.expiries + freed.places,
            people = ARRAY(SELECT person FROM unnest(task.people) person WHERE person <> ALL (freed.users))
        FROM freed WHERE task.id = freed.task_id AND task.state = 'open'
    )
    SELECT task.queue_id, sum(freed.places)::int FROM freed JOIN labeling_task task ON task.id = freed.task_id
    GROUP BY task.queue_id ORDER BY task.queue_id
"""
EXPIRE_AT_ONCE = 500
# Another room may put a task into the person's hands first; claiming then finds what they hold.
OFFERS: list[Callable[[User, Queue], None]] = []

STALE = _(
    "This task is no longer yours: its time ran out, or it was answered in another window. "
    "Your answer is kept as a draft."
)


def held(*, user: User, queue: Queue) -> Lease | None:
    """The task that this person holds in this queue, if any."""
    mine = queue.organization.leases.filter(user=user, task__queue=queue, state=Lease.State.HELD)
    return mine.select_related("task__example__stream").order_by("claimed_at").first()


def claim(*, user: User, queue: Queue) -> Lease | None:
    """What the person holds, else what was returned to them, else the next task; None when nothing waits.

    Two round trips: one statement that picks and leases, one that reads what the page shows.
    """
    for offer in OFFERS:
        offer(user, queue)
    now = timezone.now()
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "active": queue.state == Queue.State.ACTIVE,
        "user": user.pk,
        "now": now,
        "until": now + timedelta(seconds=queue.lease_s),
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        row = cursor.fetchone()
    leases = queue.organization.leases.select_related("task__example__stream")
    return leases.get(pk=row[0]) if row else None


def renew(*, lease: Lease, token: int) -> datetime:
    """Hold on for another lease; the new end. Raises Refused when it is no longer held by this token."""
    until = timezone.now() + timedelta(seconds=lease.task.queue.lease_s)
    mine = lease.organization.leases.filter(pk=lease.pk, token=token, state=Lease.State.HELD)
    if not mine.update(expires_at=until):
        raise Refused(STALE, "lease_lost")
    return until


@transaction.atomic
def skip(*, lease: Lease, token: int, by: User) -> None:
    """Give the place to somebody else; this person is not offered the task again."""
    organization = lease.organization
    let_go = organization.leases.filter(pk=lease.pk, token=token, state=Lease.State.HELD).update(
        state=Lease.State.SKIPPED, ended_at=timezone.now()
    )
    if not let_go:
        raise Refused(STALE, "lease_lost")
    organization.tasks.filter(pk=lease.task_id, state=Task.State.OPEN).update(open_slots=F("open_slots") + 1)
    record("task.skipped", organization=organization, subject=lease.task, by=by)


@transaction.atomic
def expire(at: datetime) -> int:
    """End the leases past their end: their fence moves on, their place is free again; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRE, {"at": at, "limit": EXPIRE_AT_ONCE})
        places = dict(cursor.fetchall())
    for queue in Queue.objects.filter(pk__in=places).select_related("organization"):
        count = places[queue.pk]
        record("leases.expired", organization=queue.organization, subject=queue, by=None, count=count)
    return sum(places.values())
