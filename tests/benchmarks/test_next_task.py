"""The next of many open tasks, by the code behind the page, beside the least a claim can be."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from django.db import connection

from labeling.models import Queue, Task
from labeling.tasks.claiming import claim
from tests.factories import ExampleFactory, QueueFactory, UserFactory
from tests.recorder import BENCHMARKS, Goal, interleaved, ratio_entry, write

TASKS = 100_000
LABELERS = 50
ROUNDS = 5
CLAIMS = 200  # of each side in a round
GOAL = Goal("<=", 2)

FILL = """
    WITH made AS (
        INSERT INTO projects_example (organization_id, stream_id, key, captured_at, ingested_at, text, media_uri,
            media_type, attributes, split_key, bucket, rev, label_state)
        SELECT organization_id, stream_id, 'made-' || number, captured_at, ingested_at, '', '', '', '{}', key,
            5000, 1, 'none'
        FROM projects_example, generate_series(1, %(tasks)s) number WHERE id = %(example)s
        RETURNING id, organization_id
    )
    INSERT INTO labeling_task (organization_id, queue_id, example_id, round, state, priority, order_key, open_slots,
        people, selected_by, opened_at, expiries)
    SELECT organization_id, %(queue)s, id, 1, 'open', 0, random(), 1, '{}', 'rule', now(), 0 FROM made
"""
BARE = """
    WITH picked AS (
        SELECT id FROM labeling_task
        WHERE organization_id = %(organization)s AND queue_id = %(queue)s AND state = 'open' AND open_slots > 0
          AND line = 'anybody'
        ORDER BY priority DESC, due_at, order_key, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE labeling_task task SET open_slots = 0 FROM picked WHERE task.id = picked.id RETURNING task.id
    )
    INSERT INTO labeling_lease (organization_id, task_id, queue_id, round, user_id, state, token, claimed_at,
        expires_at)
    SELECT %(organization)s, id, %(queue)s, 1, %(user)s, 'held', 1, now(), now() + interval '15 minutes' FROM taken
    RETURNING id
"""
LET_GO = "UPDATE labeling_lease SET state = 'skipped' WHERE state = 'held'"


def sql(statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


@pytest.fixture
def queue() -> Queue:
    """A queue with many open tasks and nobody at work."""
    queue: Queue = QueueFactory()
    sql(FILL, tasks=TASKS, example=ExampleFactory(stream=queue.stream).pk, queue=queue.pk)
    sql("ANALYZE")
    return queue


@pytest.mark.django_db(transaction=True)
def test_the_next_task(queue: Queue) -> None:
    people, others = UserFactory.create_batch(LABELERS), UserFactory.create_batch(LABELERS)
    ratios, middles = [], []
    for _ in range(ROUNDS):
        pairs = []
        for turn in range(CLAIMS):
            user = people[turn % LABELERS]
            values = {
                "organization": queue.organization_id,
                "queue": queue.pk,
                "user": others[turn % LABELERS].pk,
            }
            pairs += interleaved(
                lambda user=user: claim(user=user, queue=queue),
                lambda values=values: sql(BARE, **values),
                rounds=1,
            )
            sql(LET_GO)
        ours, bare = zip(*pairs, strict=True)
        ratios.append(p95(list(ours)) / p95(list(bare)))
        middles.append((statistics.median(ours) * 1000, statistics.median(bare) * 1000))
    assert Task.objects.filter(open_slots=0).count() == 2 * ROUNDS * CLAIMS
    name = f"next of {TASKS:,} open tasks: p95 against a bare SKIP LOCKED claim"
    write(BENCHMARKS, ratio_entry(name, ratios, GOAL))
    print(f"median ms (ours, bare): {middles}")
