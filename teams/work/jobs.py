"""Kinds of work, putting work down, and doing it: exactly one effect a job, however often it is started."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from teams.events.actions import on, record
from teams.events.models import Event
from teams.identity.models import Organization, User
from teams.identity.refused import Refused
from teams.work import beats
from teams.work.heart import beating
from teams.work.leases import LONG_LEASE, SHORT_LEASE
from teams.work.models import Job

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
TURN_S = 20.0  # how long a stepwise job goes on before others have their turn
CHANNEL = "sluice_jobs"
# A page's statement ends after a minute. Reading millions of examples is one statement, hashing them comes after it.
PATIENCE = "SET LOCAL statement_timeout = '1h'; SET LOCAL idle_in_transaction_session_timeout = '1h'"

Handler = Callable[..., None]
Steps = Callable[..., Generator[None, None, None]]
DONE = object()


@dataclass(frozen=True, slots=True)
class JobKind:
    """What to call for a kind of job: `handler(organization, **args)`.

    With `repeatable_read` everything that the handler reads is of one instant. With `is_stepwise` the handler is a
    generator, and what it does up to each `yield` is a transaction of its own. `given_up(organization, **args)` is
    called in the transaction that marks such a job as dead.
    """

    name: str
    handler: Callable[..., Any]
    is_long: bool = False
    repeatable_read: bool = False
    is_stepwise: bool = False
    given_up: Handler | None = None


JOB_KINDS: dict[str, JobKind] = {}


def job(name: str, *, long: bool = False, repeatable_read: bool = False) -> Callable[[Handler], Handler]:
    """Register a function as the handler of a kind of job."""

    def add(handler: Handler) -> Handler:
        JOB_KINDS[name] = JobKind(name, handler, long, repeatable_read)
        return handler

    return add


def stepwise(name: str, *, given_up: Handler | None = None) -> Callable[[Steps], Steps]:
    """Register a generator as the handler of a long kind of job that is done step by step.

    Whoever starts it again (after a crash, or after others had their turn) calls it anew: each step writes down, in
    its own transaction, how far it came, and the first one reads that.
    """

    def add(handler: Steps) -> Steps:
        JOB_KINDS[name] = JobKind(name, handler, is_long=True, is_stepwise=True, given_up=given_up)
        return handler

    return add


def after(event_kind: str, *, name: str, long: bool = False) -> Callable[[Handler], Handler]:
    """Run a function as a job after an event: `handler(organization, event_id=...)`."""

    def add(handler: Handler) -> Handler:
        job(name, long=long)(handler)

        @on(event_kind)
        def write(event: Event) -> None:
            enqueue(name, organization=event.organization, event_id=event.pk)

        return handler

    return add


def enqueue(kind: str, *, organization: Organization, run_after: datetime | None = None, **args: Any) -> Job:
    """Put work down in the caller's transaction; it starts soon after the commit, or never."""
    row = organization.jobs.create(
        kind=kind, is_long=JOB_KINDS[kind].is_long, args=args, run_after=run_after or timezone.now()
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])  # equal notes of one transaction are sent once
    return row


def claim(job_id: int) -> Job | None:
    """Take a queued job; its attempt counts from now, so that one which kills its worker is found out."""
    now = timezone.now()
    lease = LONG_LEASE if Job.objects.filter(pk=job_id, is_long=True).exists() else SHORT_LEASE
    taken = (
        Job.objects.ready(now)
        .filter(pk=job_id)
        .update(
            state=Job.State.RUNNING, attempts=F("attempts") + 1, token=F("token") + 1, lease_until=now + lease
        )
    )
    return Job.objects.select_related("organization").get(pk=job_id) if taken else None


def run(job_id: int) -> None:
    """Do a job if it is still to be done; a second hint for the same job does nothing."""
    row = claim(job_id)
    if row is None:
        return
    try:
        kind = JOB_KINDS[row.kind]
        with beating(row) if row.is_long else nullcontext():
            do(row, kind)
    except Superseded:
        log.warning("job %s lost its lease; its work is discarded", row.pk)
    except Exception as error:
        log.exception("job %s (%s) failed", row.pk, row.kind)
        fail(row, error)


def do(row: Job, kind: JobKind) -> None:
    """Do a job that is ours, as its kind is done."""
    if kind.is_stepwise:
        step_by_step(row, kind)
    else:
        at_once(row, kind)


def at_once(row: Job, kind: JobKind) -> None:
    """Its effect and "done" are one transaction."""
    with transaction.atomic():
        if kind.repeatable_read:
            connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if kind.is_long:
            connection.cursor().execute(PATIENCE)
        kind.handler(row.organization, **row.args)
        finish(row)


def step_by_step(row: Job, kind: JobKind) -> None:
    """Each step and the renewal of the lease are one transaction; after its turn the job waits behind the others."""
    ends = time.monotonic() + TURN_S
    with closing(kind.handler(row.organization, **row.args)) as steps:
        is_over = False
        while not is_over:
            with transaction.atomic():
                if next(steps, DONE) is DONE:
                    return finish(row)
                is_over = time.monotonic() >= ends
                go_on(row, let_others=is_over)


def go_on(row: Job, *, let_others: bool) -> None:
    """A step is done: what died before it does not count any more. Raises Superseded if the lease is not ours."""
    now = timezone.now()
    moved = {
        "state": Job.State.QUEUED,
        "lease_until": None,
        "attempts": 0,
        "run_after": now,
        "hinted_at": None,
    }
    renewed = {"lease_until": now + LONG_LEASE, "attempts": 1}
    mine = Job.objects.filter(pk=row.pk, token=row.token, state=Job.State.RUNNING)
    if not mine.update(**(moved if let_others else renewed)):
        raise Superseded
    row.attempts = 1


class Superseded(Exception):
    """The job's lease went to somebody else while it ran."""


def finish(row: Job) -> None:
    """Mark as done, if the lease is still ours; else undo the work by raising."""
    done = Job.objects.filter(pk=row.pk, token=row.token, state=Job.State.RUNNING).update(
        state=Job.State.DONE, ended_at=timezone.now(), lease_until=None, error=""
    )
    if not done:
        raise Superseded


@transaction.atomic
def fail(row: Job, error: Exception) -> None:
    """Try again later, or give up after the last attempt and show it."""
    dead = row.attempts >= MAX_ATTEMPTS
    now = timezone.now()
    mine = Job.objects.filter(pk=row.pk, token=row.token, state=Job.State.RUNNING)
    failed = mine.update(
        state=Job.State.DEAD if dead else Job.State.QUEUED,
        ended_at=now if dead else None,
        run_after=now + timedelta(seconds=2**row.attempts),
        hinted_at=None,
        lease_until=None,
        error=f"{type(error).__name__}: {error}"[:2000],
    )
    if failed and dead:
        say_given_up(row)


def say_given_up(row: Job) -> None:
    """Tell whoever waits for a job that it will not come to an end by itself."""
    kind = JOB_KINDS.get(row.kind)
    if kind is not None and kind.given_up is not None:
        kind.given_up(row.organization, **row.args)


@transaction.atomic
def retry(*, job: Job, by: User | None) -> None:
    """Give a dead job its attempts back; it starts soon after the commit."""
    check_retry(job)
    now = timezone.now()
    revived = job.organization.jobs.filter(pk=job.pk, state=Job.State.DEAD).update(
        state=Job.State.QUEUED, attempts=0, run_after=now, hinted_at=None, ended_at=None
    )
    if revived:
        record("job.retried", organization=job.organization, subject=job, by=by, kind_of_job=job.kind)


def check_retry(job: Job) -> None:
    """Whatever is not dead goes on by itself."""
    if job.state != Job.State.DEAD:
        raise Refused(_("Only a job that has given up can be tried again."))


def reap(at: datetime) -> int:
    """Give back what dead workers held, park what has used up its attempts; the number of rows touched."""
    lost = Job.objects.lost(at)
    spent = lost.filter(attempts__gte=MAX_ATTEMPTS)
    parked = sum(park(row, at) for row in spent.select_related("organization"))
    back = lost.filter(attempts__lt=MAX_ATTEMPTS).update(
        state=Job.State.QUEUED, lease_until=None, hinted_at=None
    )
    if parked + back:
        beats.forget_jobs(at - LONG_LEASE)
    return parked + back


@transaction.atomic
def park(row: Job, at: datetime) -> int:
    """Give up a job whose every attempt has killed its worker, unless somebody just now goes on with it."""
    parked = (
        Job.objects.lost(at)
        .filter(pk=row.pk, token=row.token)
        .update(
            state=Job.State.DEAD, ended_at=at, lease_until=None, error="Its worker died on every attempt."
        )
    )
    if parked:
        say_given_up(row)
    return parked
