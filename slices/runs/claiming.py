"""The contract with pipelines: claim with a lease and a fence, beat, give back; what is lost is queued again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from slices.runs.models import Run
from slices.runs.moves import end_attempt, finish, move, requeue
from teams.events.actions import record
from teams.identity.models import Organization, User
from teams.identity.refused import Refused

LEASE = timedelta(seconds=120)
HEARTBEAT_S = 30
BACKOFF_S = (60, 300, 1500)
LOST_BACKOFF = timedelta(seconds=5)  # the worker died, not the work: go on soon
QUEUE_TIMEOUT = timedelta(hours=24)
AT_ONCE = 100  # rows a turn of the clock

STALE = _("This run's lease is not yours any more; stop working on it.")
SILENT = _("Its worker fell silent on every attempt.")
UNCLAIMED = _("No pipeline claimed it in time.")

CLAIM = """
    UPDATE slices_run SET state = 'claimed', lease_token = lease_token + 1, attempt = attempt + 1,
        lease_expires_at = %(until)s, claim_id = %(claim_id)s, worker = %(worker)s, progress = '{}',
        started_at = coalesce(started_at, %(now)s)
    WHERE id = (
        SELECT id FROM slices_run
        WHERE organization_id = %(organization)s AND project_id = ANY(%(projects)s)
          AND state = 'queued' AND pool = ANY(%(pools)s) AND available_at <= %(now)s
        ORDER BY priority DESC, available_at, id
        LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id
"""


@transaction.atomic
def claim(
    *,
    organization: Organization,
    projects: Sequence[int],
    pools: Sequence[str],
    claim_id: str,
    worker: str,
    by: User,
) -> Run | None:
    """The next run of these projects and pools, or None. The same `claim_id` within its lease is the same run."""
    now = timezone.now()
    one_at_a_time(organization, claim_id)
    runs = organization.runs.filter(claim_id=claim_id, state=Run.State.CLAIMED, project__in=projects)
    held = with_all(runs).filter(lease_expires_at__gt=now).first()
    if held is not None:
        return held
    values: dict[str, Any] = {
        "organization": organization.pk,
        "projects": list(projects),
        "pools": list(pools),
        "claim_id": claim_id,
        "worker": worker,
        "now": now,
        "until": now + LEASE,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    run = with_all(organization.runs).get(pk=row[0])
    organization.attempts.create(
        run=run, number=run.attempt, token=run.lease_token, worker=worker, claimed_at=now
    )
    record("run.claimed", organization=organization, subject=run, by=by, attempt=run.attempt)
    return run


def one_at_a_time(organization: Organization, claim_id: str) -> None:
    """A client that gave up waiting and asks again meets its first request here, and then its run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"claim {organization.pk} {claim_id}"]
        )


def with_all(runs: Any) -> QuerySet[Run]:
    """Runs with everything that a claim answers."""
    found: QuerySet[Run] = runs.select_related(
        "organization", "project", "model_version", "snapshot", "eval_snapshot"
    )
    return found


def heartbeat(*, run: Run, token: int, progress: Mapping[str, Any]) -> tuple[datetime, str]:
    """Hold on: (the lease's new end, "continue" or "cancel"). Raises Refused (`lease_lost`) for an old token."""
    now = timezone.now()
    values: dict[str, Any] = {"lease_expires_at": now + LEASE} | (
        {"progress": dict(progress)} if progress else {}
    )
    if not held(run, token).update(**values):
        raise Refused(STALE, "lease_lost")
    run.refresh_from_db(fields=["cancel_requested_at", "attempt"])
    run.attempts.filter(number=run.attempt).update(beat_at=now)
    return now + LEASE, "cancel" if run.cancel_requested_at else "continue"


@transaction.atomic
def release(*, run: Run, token: int, reason: str, by: User) -> None:
    """Give a run back without burning the attempt; one that was called off ends here."""
    row = locked(run, token)
    now = timezone.now()
    end_attempt(row, "released", reason, now)
    if row.cancel_requested_at:
        cancelled(row, now, by)
        return
    requeue(row, now, max_attempts=F("max_attempts") + 1)
    record("run.released", organization=row.organization, subject=row, by=by)


def cancelled(run: Run, at: datetime, by: User | None) -> None:
    """The end of a run that was called off."""
    finish(run, Run.State.CANCELLED, at)
    record("run.cancelled", organization=run.organization, subject=run, by=by)


def reap(at: datetime) -> int:
    """Runs whose worker fell silent go back to the queue, or fail after their last attempt."""
    lost = Run.objects.filter(state=Run.State.CLAIMED, lease_expires_at__lt=at).order_by("lease_expires_at")
    return sum(lose(run_id, at) for run_id in list(lost.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def lose(run_id: int, at: datetime) -> bool:
    """Take one run from its silent worker, unless it has just spoken."""
    row = free_to_take(run_id, state=Run.State.CLAIMED, lease_expires_at__lt=at)
    if row is None:
        return False
    end_attempt(row, "lost", "", at)
    if row.cancel_requested_at:
        cancelled(row, at, None)
    elif row.attempt >= row.max_attempts:
        finish(row, Run.State.FAILED, at, error=str(SILENT))
        record("run.failed", organization=row.organization, subject=row, by=None, attempt=row.attempt)
    else:
        requeue(row, at + LOST_BACKOFF * row.attempt)
        record("run.lost", organization=row.organization, subject=row, by=None, attempt=row.attempt)
    return True


def expire(at: datetime) -> int:
    """Runs that nobody claimed in time end: what they would train on is old."""
    idle = Run.objects.filter(state=Run.State.QUEUED, available_at__lt=at - QUEUE_TIMEOUT)
    return sum(give_up(run_id, at) for run_id in list(idle.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def give_up(run_id: int, at: datetime) -> bool:
    """End one run that nobody claimed."""
    row = free_to_take(run_id, state=Run.State.QUEUED, available_at__lt=at - QUEUE_TIMEOUT)
    if row is None:
        return False
    move(row, Run.State.EXPIRED, ended_at=at, error=str(UNCLAIMED))
    record("run.expired", organization=row.organization, subject=row, by=None)
    return True


def free_to_take(run_id: int, **still: Any) -> Run | None:
    """A run, locked, if it is still like that and nobody else is at it."""
    rows = Run.objects.select_for_update(skip_locked=True, of=("self",)).select_related("organization")
    return rows.filter(pk=run_id, **still).first()


def held(run: Run, token: int) -> QuerySet[Run]:
    """The run, if this token still holds it."""
    return run.organization.runs.filter(pk=run.pk, lease_token=token, state=Run.State.CLAIMED)


def locked(run: Run, token: int) -> Run:
    """The run, locked, if this token still holds it."""
    row = held(run, token).select_for_update(of=("self",)).select_related("organization", "project").first()
    if row is None:
        raise Refused(STALE, "lease_lost")
    return row
