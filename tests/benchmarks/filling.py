"""Many examples at once, by SQL: what the benchmarks of reading read."""

from __future__ import annotations

from typing import Any

from django.db import connection

from projects.models import Stream

FILL = """
INSERT INTO projects_example (organization_id, stream_id, key, captured_at, ingested_at, text, media_uri, media_type,
    attributes, k1, n1, split_key, bucket, rev, label_state)
SELECT %(organization)s, %(stream)s, 'k' || lpad(n::text, 9, '0'), now() - n * interval '1 second', now(), '',
    'https://pictures.example.test/' || n || '.png', 'image/png',
    jsonb_build_object('store', 'store-' || n %% 1000, 'weight', n / 7.0, 'camera', 'cam-' || n %% 5,
        'a', 'value ' || n %% 97 || ' of a', 'b', 'value ' || n %% 97 || ' of b', 'c', 'value ' || n %% 97 || ' of c',
        'd', 'value ' || n %% 97 || ' of d', 'e', 'value ' || n %% 97 || ' of e', 'f', 'value ' || n %% 97 || ' of f'),
    'store-' || n %% 1000, n / 7.0, 'k' || lpad(n::text, 9, '0'), (n::bigint * 7919) %% 10000, 1, 'none'
FROM generate_series(%(first)s, %(last)s) AS n
"""


def fill(stream: Stream, n: int, start: int = 0) -> None:
    """`n` examples of a thousand stores, a second apart, the first ones the newest."""
    values: dict[str, Any] = {"organization": stream.organization_id, "stream": stream.pk}
    with connection.cursor() as cursor:
        for first in range(start, start + n, 50_000):
            last = min(first + 50_000, start + n) - 1
            cursor.execute(FILL, values | {"first": first, "last": last})


def sweep() -> None:
    """What autovacuum does of itself in a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE projects_example")
