"""10,000 due schedules and two clocks: each is decided once, beside a bare claim-and-update loop in SQL."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from slices.models import Run, Schedule, Tick
from slices.schedules.actions import tick
from tests.factories import ScheduleFactory, SliceFactory, SliceVersionFactory, StreamFactory
from tests.recorder import BENCHMARKS, Goal, ratio_entry, write

DUE = 10_000
CLOCKS = 2
ROUNDS = 3
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOAL = Goal("<=", 10)  # each firing also writes a run and an event; decided once is the promise

BARE = """
WITH taken AS (
    SELECT id, organization_id, next_due_at FROM slices_schedule
    WHERE state = 'active' AND next_due_at <= %(at)s
    ORDER BY next_due_at, id LIMIT 200 FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE slices_schedule s SET next_due_at = t.next_due_at + interval '1 hour'
    FROM taken t WHERE s.id = t.id
), said AS (
    INSERT INTO slices_tick (organization_id, schedule_id, scheduled_for, decided_at, verdict, reason, facts)
    SELECT organization_id, id, next_due_at, now(), 'skipped', 'bare', '{}' FROM taken
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM taken
"""


def ours(at: datetime) -> None:
    """What the clock process does, until nothing is due."""
    while tick(at):
        pass


def bare(at: datetime) -> None:
    """The least that any clock must do: claim, move, write down."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(BARE, {"at": at})
            if not cursor.fetchone()[0]:
                return


def clocks(work: Callable[[datetime], None], at: datetime) -> float:
    """Seconds that two processes take for all that is due."""
    connection.close()
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=work, args=[at]) for _ in range(CLOCKS)]
    started = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    took = time.perf_counter() - started
    assert [process.exitcode for process in processes] == [0] * CLOCKS
    return took


def plan() -> None:
    """10,000 schedules on two slices, all due at noon."""
    stream = StreamFactory()
    train, held_out = SliceFactory(stream=stream), SliceFactory(stream=stream)
    SliceVersionFactory(slice=train)
    SliceVersionFactory(slice=held_out, splits=["test"])
    one = ScheduleFactory.build(slice=train, eval_slice=held_out, created_at=NOON - HOUR, next_due_at=NOON)
    rows = []
    for number in range(DUE):
        row = ScheduleFactory.build(
            slice=train, eval_slice=held_out, created_at=one.created_at, next_due_at=NOON
        )
        row.name = f"schedule {number}"
        rows.append(row)
    Schedule.objects.bulk_create(rows)


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_due_schedules_are_decided_once_by_two_clocks() -> None:
    plan()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    pairs = []
    for number in range(ROUNDS):
        at = NOON + 2 * number * HOUR
        took = clocks(ours, at)
        assert Tick.objects.filter(scheduled_for=at, verdict="fired").count() == DUE
        assert Run.objects.filter(as_of=at).count() == DUE
        assert Schedule.objects.filter(next_due_at=at + HOUR).count() == DUE
        with transaction.atomic():
            Run.objects.update(state="succeeded")
        pairs.append((took, clocks(bare, at + HOUR)))
        assert Tick.objects.filter(scheduled_for=at + HOUR).count() == DUE
    name = f"{DUE:,} due schedules, {CLOCKS} clocks: time against a bare claim-and-move loop"
    write(BENCHMARKS, ratio_entry(name, [took / least for took, least in pairs], GOAL))
    print(f"seconds (ours, bare): {pairs}")
