"""Who judges what: a reviewer takes the next task that waits for a verdict, and nobody else gets it meanwhile.

An answer in review waits for a verdict, a task whose people could not agree for a decision; neither comes to anybody
who has answered it, or has had it before them to answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.reviews.models import ReviewLease
from labeling.tasks.models import Task
from teams.identity.models import Organization, User
from teams.identity.refused import Refused

LEASE = timedelta(minutes=15)
TRIES = 5
JUDGED = (Task.State.IN_REVIEW, Task.State.COMPLETE)

# Two who ask at once may see the same task as free; the row of the lease is one, so the second comes away without.
CLAIM = """
    WITH picked AS (
        SELECT task.id FROM labeling_task task
        LEFT JOIN labeling_reviewlease lease ON lease.task_id = task.id
        WHERE task.organization_id = %(organization)s AND task.queue_id = %(queue)s
          AND task.state IN ('in_review', 'complete') AND NOT task.people @> ARRAY[%(user)s]::bigint[]
          AND (task.state = 'complete' OR EXISTS (
              SELECT FROM labeling_annotation answer
              WHERE answer.organization_id = %(organization)s AND answer.example_id = task.example_id
                AND answer.task_id = task.id AND answer.round = task.round AND answer.state = 'in_review'
                AND answer.author_id IS DISTINCT FROM %(user)s
          ))
          AND (lease.id IS NULL OR lease.expires_at <= %(now)s)
        ORDER BY task.id LIMIT 1 FOR NO KEY UPDATE OF task SKIP LOCKED
    )
    INSERT INTO labeling_reviewlease AS mine (organization_id, task_id, reviewer_id, token, claimed_at, expires_at)
    SELECT %(organization)s, id, %(user)s, 1, %(now)s, %(until)s FROM picked
    ON CONFLICT (task_id) DO UPDATE SET reviewer_id = EXCLUDED.reviewer_id, token = mine.token + 1,
        claimed_at = EXCLUDED.claimed_at, expires_at = EXCLUDED.expires_at
    WHERE mine.expires_at <= %(now)s
    RETURNING mine.id
"""
LOST = _(
    "Somebody else has judged this meanwhile, or has it before them now: it was yours for fifteen minutes. "
    "What you typed is still below."
)


def held(*, user: User, queue: Queue) -> ReviewLease | None:
    """What this reviewer has before them in this queue."""
    mine = queue.organization.review_leases.filter(reviewer=user, task__queue=queue, task__state__in=JUDGED)
    live = mine.filter(expires_at__gt=timezone.now()).exclude(task__people__contains=[user.pk])
    return live.select_related("task__example__stream").order_by("pk").first()


def claim(*, user: User, queue: Queue) -> ReviewLease | None:
    """What the reviewer has already, else the next that waits; None when nothing does. Taking one is no event."""
    if queue.holds_imports:
        return None  # what imports say of each other is settled by the next one
    for _again in range(TRIES):
        mine = held(user=user, queue=queue)
        if mine is not None or not (take(user, queue) or is_waiting(user, queue)):
            return mine
    return None


def take(user: User, queue: Queue) -> bool:
    """Lease the next task that nobody has before them; whether there was one."""
    now = timezone.now()
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "user": user.pk,
        "now": now,
        "until": now + LEASE,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        return cursor.fetchone() is not None


def is_waiting(user: User, queue: Queue) -> bool:
    """Whether anything waits that nobody has before them."""
    return free(queue.organization, user).filter(queue=queue).exists()


def to_judge(organization: Organization, user: User) -> QuerySet[Task]:
    """What this person may judge: answers of others in review, and tasks whose people did not agree."""
    in_review = organization.annotations.filter(
        example=OuterRef("example"), task=OuterRef("pk"), round=OuterRef("round"), state="in_review"
    ).exclude(author=user)
    waiting = organization.tasks.filter(state__in=JUDGED, queue__holds_imports=False)
    waiting = waiting.exclude(people__contains=[user.pk])
    return waiting.filter(Q(state=Task.State.COMPLETE) | Exists(in_review))


def free(organization: Organization, user: User) -> QuerySet[Task]:
    """Those of them that nobody has before them."""
    return to_judge(organization, user).exclude(review_lease__expires_at__gt=timezone.now())


def renew(*, lease: ReviewLease, token: int) -> datetime:
    """Hold on; the new end. Raises Refused when somebody else has it meanwhile."""
    until = timezone.now() + LEASE
    mine = lease.organization.review_leases.filter(pk=lease.pk, reviewer=lease.reviewer_id, token=token)
    if not mine.update(expires_at=until):
        raise Refused(LOST, "lease_lost")
    return until


def forget(at: datetime) -> int:
    """Remove leases that ended; how many."""
    return ReviewLease.objects.filter(expires_at__lt=at).delete()[0]


def answer_in_review(task: Task) -> Annotation | None:
    """The answer to a task that waits for a verdict."""
    of_example = task.organization.annotations.filter(example=task.example_id, task=task, round=task.round)
    return of_example.filter(state=Annotation.State.IN_REVIEW).select_related("author", "schema").first()
