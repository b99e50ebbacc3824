"""The clock's part: what is due is decided once, and every decision leaves a tick."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef

from slices.definitions.members import labels, members
from slices.definitions.models import SliceVersion
from slices.runs.actions import request_training
from slices.runs.models import Run
from slices.schedules import cron
from slices.schedules.models import Schedule, Tick
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

log = logging.getLogger(__name__)

BATCH = 200
TURN_S = 20.0  # other sources of due work want their turn


@dataclass
class Look:
    """What a batch needs to know of other rows, asked once for all of it."""

    versions: dict[int, SliceVersion]
    busy: dict[int, int]
    decided: set[tuple[int, datetime]]


def tick(at: datetime) -> int:
    """Decide everything that is due at `at`; any number of clocks may do so at once. Returns how many."""
    done, started = 0, time.monotonic()
    while batch := decide_batch(at):
        done += batch
        if batch < BATCH or time.monotonic() - started > TURN_S:
            break
    return done


@transaction.atomic
def decide_batch(at: datetime) -> int:
    """Up to 200 due schedules that no other clock holds: ticks, runs and next due times in one transaction."""
    rows = list(
        Schedule.objects.filter(
            state=Schedule.State.ACTIVE, next_due_at__lte=at, organization__is_active=True
        )
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("organization", "project", "slice__stream__organization")
        .order_by("next_due_at", "id")[:BATCH]
    )
    if rows:
        look = look_around(rows)
        ticks = [line for row in rows for line in decide_alone(row, at, look)]
        Tick.objects.bulk_create(ticks, ignore_conflicts=True)
        Schedule.objects.bulk_update(rows, ["next_due_at", "state", "state_reason"])
    return len(rows)


def look_around(rows: list[Schedule]) -> Look:
    """Newest slice versions, runs under way and due times already decided, in three queries."""
    ids = [row.pk for row in rows]
    wanted = {row.slice_id for row in rows} | {row.eval_slice_id for row in rows}
    newest = (
        SliceVersion.objects.filter(slice__in=wanted).order_by("slice_id", "-version").distinct("slice_id")
    )
    decided = Tick.objects.filter(schedule__in=ids, scheduled_for__gte=min(row.next_due_at for row in rows))  # type: ignore[type-var]
    return Look(
        versions={version.slice_id: version for version in newest},
        busy=busy(ids),
        decided=set(decided.values_list("schedule_id", "scheduled_for")),
    )


def busy(schedule_ids: Iterable[int]) -> dict[int, int]:
    """The schedules with a run that has not ended, and that run."""
    going = Tick.objects.filter(schedule__in=schedule_ids, run__isnull=False).exclude(
        run__state__in=Run.ENDED
    )
    return dict(going.values_list("schedule_id", "run_id"))


def decide_alone(row: Schedule, at: datetime, look: Look) -> list[Tick]:
    """The ticks of one schedule; what goes wrong with it stops it, and nobody else."""
    try:
        with transaction.atomic():
            return decide(row, at, look)
    except OperationalError as error:
        if not connection.is_usable():
            raise
        return [give_up_once(row, at, error)]
    except Refused as refused:
        park(row, str(refused.sentence))
    except Exception as error:
        log.exception("schedule %s cannot be followed", row.pk)
        park(row, f"{type(error).__name__}: {error}")
    return []


def decide(row: Schedule, at: datetime, look: Look) -> list[Tick]:
    """Missed due times are recorded; the newest one fires, or is skipped with the numbers why."""
    assert row.next_due_at is not None
    due = cron.due(row, row.next_due_at, at)
    following = cron.next_after(row, due.newest)
    ticks = missed(row, due)
    if (row.pk, due.newest) not in look.decided:
        ticks.append(decide_newest(row, due.newest, look))
    row.next_due_at = following
    return ticks


def decide_newest(row: Schedule, slot: datetime, look: Look) -> Tick:
    """One due time: overlap, then too little new, else a run on the slice as of that time."""
    if row.pk in look.busy:
        return skipped(row, slot, "overlap", run=look.busy[row.pk])
    version, held_out = versions_of(row, look.versions)
    new = new_labels(row, version, slot) if row.min_new else None
    if new is not None and new < row.min_new:
        return skipped(row, slot, "min_new", new=new, needs=row.min_new)
    run = request(row, version, held_out, as_of=slot, by=None)
    facts = {} if new is None else {"new": new, "needs": row.min_new}
    return line(row, slot, Tick.Verdict.FIRED, "due", facts, run)


def versions_of(row: Schedule, versions: dict[int, SliceVersion]) -> tuple[SliceVersion, SliceVersion]:
    """What the two slices mean now."""
    try:
        return versions[row.slice_id], versions[row.eval_slice_id]
    except KeyError:
        raise Refused("One of its slices says nothing yet.") from None


def new_labels(row: Schedule, version: SliceVersion, until: datetime) -> int:
    """Members with a label that the slice takes, accepted since the watermark and before `until`.

    Asked from the examples, not as "labels of members": on tables filled a moment ago, without statistics,
    PostgreSQL ran that as three loops inside each other, half a minute for 500 examples.
    """
    new = labels(version, until).filter(example=OuterRef("pk"))
    fresh = new.filter(accepted_at__gte=row.watermark_at) if row.watermark_at else new
    return members(version, until).filter(Exists(fresh)).count()


def request(
    row: Schedule, version: SliceVersion, held_out: SliceVersion, *, as_of: datetime, by: User | None
) -> Run:
    """The run of one tick."""
    return request_training(
        slice_version=version,
        eval_slice_version=held_out,
        model_name=row.model_name,
        as_of=as_of,
        pool=row.pool,
        params=row.params,
        by=by,
    )


def missed(row: Schedule, due: cron.Due) -> list[Tick]:
    """A line for each due time that nobody looked at; after the first few, one for all the rest."""
    ticks = [skipped(row, slot, "missed") for slot in due.missed]
    if due.more:
        after = cron.next_after(row, due.missed[-1])
        ticks.append(skipped(row, after, "missed", count=due.more, at_least=due.uncounted))
    return ticks


def skipped(row: Schedule, slot: datetime, reason: str, **facts: Any) -> Tick:
    """A due time at which no run was made."""
    return line(row, slot, Tick.Verdict.SKIPPED, reason, facts, None)


def line(
    row: Schedule, slot: datetime, verdict: str, reason: str, facts: dict[str, Any], run: Run | None
) -> Tick:
    """A tick, not yet written."""
    return Tick(
        organization_id=row.organization_id,
        schedule=row,
        scheduled_for=slot,
        verdict=verdict,
        reason=reason,
        facts=facts,
        run=run,
    )


def give_up_once(row: Schedule, at: datetime, error: OperationalError) -> Tick:
    """The database would not answer for this one in time: its due time is lost, and says so."""
    slot = row.next_due_at
    assert slot is not None
    row.next_due_at = cron.next_after(row, at)
    return skipped(row, slot, "database", error=str(error)[:200])


def park(row: Schedule, reason: str) -> None:
    """Stop a schedule whose rule cannot be followed, and show why."""
    row.state, row.state_reason, row.next_due_at = Schedule.State.BROKEN, reason[:300], None
    record("schedule.broken", organization=row.organization, subject=row, by=None)
