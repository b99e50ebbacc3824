"""What is due is done: sources of due work take turns, one bad row stops nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django_q.models import OrmQ
from django_q.tasks import async_task

from teams.work import jobs
from teams.work.models import Job

log = logging.getLogger(__name__)

OUTSTANDING_HINTS = 200
HINT_AGAIN = timedelta(seconds=10)

DueSource = Callable[[datetime], int]
DUE_SOURCES: dict[str, DueSource] = {}


def due(name: str) -> Callable[[DueSource], DueSource]:
    """Register a source: `source(at)` does what is due at that moment and says how much it was."""

    def add(source: DueSource) -> DueSource:
        DUE_SOURCES[name] = source
        return source

    return add


def tick(at: datetime) -> int:
    """One turn of the clock: every due source, then the jobs' housekeeping. Returns how much was done."""
    done = 0
    for name, source in DUE_SOURCES.items():
        try:
            done += source(at)
        except OperationalError:
            raise  # the database is away: the process waits for it
        except Exception:
            log.exception("due source %s failed", name)
    return done + jobs.reap(at) + hint(at)


@transaction.atomic
def hint(at: datetime) -> int:
    """Tell the executor of short jobs that are ready, in turns between organizations, never too many.

    A hint that got lost is given again; doing a job twice is impossible (`jobs.run`).
    """
    room = OUTSTANDING_HINTS - OrmQ.objects.count()
    if room <= 0:
        return 0
    ready = Job.objects.ready(at).filter(Q(hinted_at=None) | Q(hinted_at__lt=at - HINT_AGAIN), is_long=False)
    turn = Window(RowNumber(), partition_by="organization_id", order_by=[F("run_after"), F("id")])
    fair = list(ready.annotate(turn=turn).order_by("turn", "id").values_list("id", flat=True)[:room])
    mine = list(
        Job.objects.filter(pk__in=fair, state=Job.State.QUEUED)
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)
    )
    Job.objects.filter(pk__in=mine).update(hinted_at=at)
    for job_id in mine:
        async_task(jobs.run, job_id)
    return len(mine)
