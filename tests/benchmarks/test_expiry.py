"""The rehearsal of a large stream: it goes on taking in, is read, counted, and lets go what nobody needs.

200,000 rows unless SLUICE_BENCH_ROWS says otherwise; the design's bound for one table is 20,000,000. Half of them are
old, or SLUICE_BENCH_OLD.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from projects.conditions import Condition
from projects.models import Example, Stream
from projects.streams.expiring import BATCH, expire_some
from projects.streams.retention import expired_so_far, set_retention
from slices.definitions.actions import Definition, create_slice, current
from slices.definitions.asking import live_count
from slices.definitions.counting import fold
from teams.identity.roles import Role
from tests.benchmarks.filling import fill, indexes_afterwards, sweep
from tests.benchmarks.test_ingest import batch
from tests.factories import QueueFactory, StreamFactory, TaskFactory, member, token
from tests.recorder import BENCHMARKS, Goal, busy, ratio_entry, seconds, write

ROWS = int(os.environ.get("SLUICE_BENCH_ROWS", "200000"))
OLD = int(os.environ.get("SLUICE_BENCH_OLD", ROWS // 2))  # of them came long ago
EACH, TASKS = 100, 200  # one of so many has a label; so many are somebody's task
TIMES, BATCHES = 20, 10
DEFINITION = {"labels": "any", "splits": ("train", "val", "test")}


@pytest.fixture
def stream() -> Any:
    """Full, its notes of arrivals put away as the clock would have."""
    stream = StreamFactory()
    started = time.perf_counter()
    with indexes_afterwards():
        fill(stream, OLD, came=timezone.now() - timedelta(days=90), labeled_each=EACH)
        fill(stream, ROWS - OLD, OLD)
    sql("TRUNCATE projects_examplechange")
    sweep()
    print(f"\n{ROWS:,} rows in {time.perf_counter() - started:.0f} s, {size()}")
    return stream


@pytest.mark.django_db(transaction=True)
def test_a_large_stream(stream: Stream, api: Any, page: Any) -> None:
    window = {"clock": "captured_at", "length": "30d"}
    node = Condition.from_text("store = 'store-7'", stream).json
    asked = Definition(condition=node, window=window, **DEFINITION)  # type: ignore[arg-type]
    version = current(create_slice(stream=stream, slug="s7", name="S7", definition=asked, by=None))
    script = api(token(stream.organization, stream.project)[1])
    browser = page(member(stream.organization, Role.OWNER))
    url = f"/api/v1/projects/{stream.project.slug}/streams/{stream.slug}/examples"
    starts = iter(range(10**8, 10**9, 1000))

    def ingest() -> None:
        body = json.dumps({"examples": batch(next(starts))})
        assert script.post(url, body, content_type="application/json").json()["created"] == 1000

    def look(client: Any, address: str) -> Callable[[], None]:
        def work() -> None:
            assert client.get(address).status_code == 200

        return work

    ingest()
    taken = [(seconds(ingest), seconds(ingest, busy)) for _time in range(BATCHES)]
    wall, cpu = (sum(side) for side in zip(*taken, strict=True))
    print(
        f"taking in: {BATCHES * 1000 / wall:,.0f} rows/s on the wall, {BATCHES * 1000 / cpu:,.0f} a CPU second"
    )
    home = f"/o/{stream.organization.slug}/projects/{stream.project.slug}"
    next_page = script.get(f"{url}?limit=100").json()["next"]
    deeds = {
        "the page of a slice": look(browser, f"{home}/slices/s7/"),
        "a page of examples": look(script, f"{url}?limit=100"),
        "the page after it": look(script, next_page),
        "counting a promoted slice": lambda: live_count(version),
    }
    for name, deed in deeds.items():
        deed()
        times = sorted(seconds(deed) for _time in range(TIMES))
        print(f"{name}: p50 {times[TIMES // 2] * 1000:.1f} ms, p95 {times[TIMES * 19 // 20] * 1000:.1f} ms")
    expire(stream)


def expire(stream: Stream) -> None:
    """All that is old, batch after batch, as the clock does it; the counts follow after each."""
    organization = stream.organization
    queue, old = QueueFactory(stream=stream), organization.examples.filter(stream=stream, label_state="none")
    needed = [TaskFactory(queue=queue, example=one).example_id for one in old.order_by("pk")[:TASKS]]
    while fold(stream):
        pass
    before = organization.examples.filter(stream=stream).count()
    set_retention(stream=stream, days=30, by=None)
    walls, cpus, folds, at = [], [], 0.0, timezone.now()
    row = organization.retentions.get(stream=stream)
    while True:
        started, used = time.perf_counter(), busy()
        if expire_some(row.pk, at) is None:
            break
        walls.append(time.perf_counter() - started)
        cpus.append(busy() - used)
        folds += seconds(lambda: all(iter(lambda: fold(stream), 0)), busy)
    gone = expired_so_far(stream)
    left = organization.examples.filter(stream=stream)
    assert gone == OLD - -(-OLD // EACH) - TASKS  # all that is old but what has a label or a task
    assert before - left.count() == gone
    assert left.filter(pk__in=needed).count() == TASKS
    assert left.filter(label_state="accepted").count() >= OLD // EACH
    some = max(1, len(cpus) // 5)
    first, last = cpus[:some], cpus[-some - 1 : -1] or cpus[-1:]
    name = "expiry: the last fifth of the batches against the first, by CPU"
    ratios = [late / (sum(first) / some) for late in last]
    write(BENCHMARKS, ratio_entry(name, ratios, Goal("<=", 1.5)))
    print(f"expiry: {gone:,} rows in {len(walls)} batches of {BATCH:,}: {gone / sum(walls):,.0f} rows/s,")
    print(f"  {gone / sum(cpus):,.0f} a CPU second; the longest transaction {max(walls):.2f} s;")
    print(f"  first {sum(first) / some:.2f} s of CPU a batch, last {sum(last) / len(last):.2f};", end=" ")
    print(f"counting what went: {folds / gone * 1e6:.0f} µs of CPU a row")
    print(f"  dead rows {dead():,}, {size()}; VACUUM {seconds(sweep):.1f} s, then dead rows {dead():,}")
    assert Example.objects.filter(stream=stream).exists()


def sql(statement: str) -> Any:
    """Run a statement that goes into no transaction."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


def dead() -> int:
    """Dead rows of the table, as PostgreSQL counts them."""
    sql("SELECT pg_stat_force_next_flush()")
    return int(sql("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'projects_example'")[0])


def size() -> str:
    """How large the table is with its indexes."""
    return str(sql("SELECT pg_size_pretty(pg_total_relation_size('projects_example'))")[0])
