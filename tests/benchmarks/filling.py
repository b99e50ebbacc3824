"""Many examples at once, by SQL: what the benchmarks of reading read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from projects.models import Stream
from tests.factories import ModelVersionFactory, QueueFactory

AT_ONCE = 50_000
FILL = """
INSERT INTO projects_example (organization_id, stream_id, key, captured_at, ingested_at, text, media_uri, media_type,
    attributes, k1, n1, split_key, bucket, rev, label_state)
SELECT %(organization)s, %(stream)s, 'k' || lpad(n::text, 9, '0'), now() - n * interval '1 second', %(came)s, '',
    'https://pictures.example.test/' || n || '.png', 'image/png',
    jsonb_build_object('store', 'store-' || n %% 1000, 'weight', n / 7.0, 'camera', 'cam-' || n %% 5,
        'a', 'value ' || n %% 97 || ' of a', 'b', 'value ' || n %% 97 || ' of b', 'c', 'value ' || n %% 97 || ' of c',
        'd', 'value ' || n %% 97 || ' of d', 'e', 'value ' || n %% 97 || ' of e', 'f', 'value ' || n %% 97 || ' of f'),
    'store-' || n %% 1000, n / 7.0, 'k' || lpad(n::text, 9, '0'), mod(abs(hashint8(n)::bigint), 10000), 1,
    CASE WHEN n %% nullif(%(each)s, 0) = 0 THEN 'accepted' ELSE 'none' END
FROM generate_series(%(first)s, %(last)s) AS n
"""
# Those that are dear to keep row by row, and cheap to make of all rows at once.
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE indexname IN ('example_attributes', 'example_slice', 'example_newest')
"""


def fill(
    stream: Stream, n: int, start: int = 0, *, came: datetime | None = None, labeled_each: int = 0
) -> None:
    """`n` examples of a thousand stores, a second apart, the first ones the newest.

    They `came` then, now if absent; of so many one has a label, none if 0.
    """
    values: dict[str, Any] = {"organization": stream.organization_id, "stream": stream.pk}
    values |= {"came": came or timezone.now(), "each": labeled_each}
    with connection.cursor() as cursor:
        for first in range(start, start + n, AT_ONCE):
            last = min(first + AT_ONCE, start + n) - 1
            cursor.execute(FILL, values | {"first": first, "last": last})


# Every third example, whichever that is, in whatever order people came to it.
TASKS = """
INSERT INTO labeling_task (organization_id, queue_id, example_id, round, state, priority, order_key, open_slots, people,
    selected_by, opened_at, ended_at, expiries)
SELECT organization_id, %(queue)s, id, 1, 'accepted', 0, 0, 0, '{}', 'rule', now(), now(), 0
FROM projects_example
WHERE organization_id = %(organization)s AND stream_id = %(stream)s AND mod(hashint8(id), 3) = 0
ORDER BY hashint8extended(id, 1)
"""
ANSWERS = """
INSERT INTO labeling_annotation (organization_id, task_id, example_id, queue_id, schema_id, round, answer, label,
    source, state, selected_by, at, accepted_at)
SELECT organization_id, id, example_id, queue_id, %(schema)s, 1, jsonb_build_object('digit', (id %% 10)::text),
    (id %% 10)::text, 'import', 'accepted', 'rule', ended_at, ended_at
FROM labeling_task WHERE organization_id = %(organization)s AND queue_id = %(queue)s
ORDER BY id
"""
GUESSES = """
INSERT INTO projects_prediction (organization_id, example_id, model_version_id, output, label, confidence, at)
SELECT organization_id, id, %(model)s, '{}', (id %% 10)::text, (bucket + 0.5) / 10000, now()
FROM projects_example WHERE organization_id = %(organization)s AND stream_id = %(stream)s
ORDER BY id
"""


def work_on(stream: Stream) -> None:
    """A model says something of every example, people label a third of them, in an order of their own."""
    queue = QueueFactory(stream=stream)
    values: dict[str, Any] = {"organization": stream.organization_id, "stream": stream.pk, "queue": queue.pk}
    values |= {"schema": queue.schema_id, "model": ModelVersionFactory(project=stream.project).pk}
    with connection.cursor() as cursor:
        for statement in (TASKS, ANSWERS, GUESSES):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE labeling_annotation, labeling_task, projects_prediction")


@contextmanager
def indexes_afterwards() -> Iterator[None]:
    """Make the dear indexes of examples when all rows are there."""
    with connection.cursor() as cursor:
        cursor.execute(INDEXES)
        indexes = cursor.fetchall()
        for name, _made in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        try:
            yield
        finally:
            for _name, made in indexes:
                cursor.execute(made)
            cursor.execute("RESET synchronous_commit")
            cursor.execute("RESET maintenance_work_mem")


def sweep() -> None:
    """What autovacuum does of itself in a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE projects_example")
