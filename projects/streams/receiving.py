"""A batch becomes rows by one statement that says of each whether it is new, changed or the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from projects.streams.lines import Line
from projects.streams.models import Stream
from teams.access.problems import FieldError


class Outcome(msgspec.Struct, omit_defaults=True, gc=False):
    """What became of one row."""

    index: int
    key: str | None
    outcome: str
    id: int | msgspec.UnsetType = msgspec.UNSET
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET


class Received(msgspec.Struct, omit_defaults=True):
    """What became of a batch: four counts that sum to its rows, and each row in the order given.

    `labels` is how many of the labels that came with them are new.
    """

    created: int
    updated: int
    unchanged: int
    rejected: int
    rows: list[Outcome]
    labels: int = 0


def rejected(at: str, index: int, key: str | None, errors: Sequence[FieldError]) -> Outcome:
    """A row that was not taken; its pointers now start at the body, `at` naming the list."""
    moved = [FieldError(f"/{at}/{index}{error.pointer}", error.code, error.detail) for error in errors]
    return Outcome(index, key, "rejected", errors=moved)


def summed(rows: list[Outcome]) -> Received:
    """Count the outcomes."""
    counts = Counter(row.outcome for row in rows)
    return Received(counts["created"], counts["updated"], counts["unchanged"], counts["rejected"], rows)


# Sorted by key, so that two batches with the same keys wait for each other instead of deadlocking.
# xmax is 0 on a row that this statement inserted. A row without a time came with the batch's, which is how
# an update knows to leave the time alone; the split of an example never changes.
INSERT = """
INSERT INTO projects_example AS old (
    organization_id, stream_id, key, captured_at, ingested_at, text, media_uri, media_type, attributes,
    k1, k2, k3, k4, n1, n2, split_key, bucket, rev, label_state
)
SELECT %(organization)s, %(stream)s, key, captured_at, %(now)s, coalesce(text, ''), coalesce(media_uri, ''),
    coalesce(media_type, ''), attributes, k1, k2, k3, k4, n1, n2, coalesce(split_key, key), bucket, 1, 'none'
FROM jsonb_to_recordset(%(lines)s) AS line (
    key text, captured_at timestamptz, text text, media_uri text, media_type text, attributes jsonb,
    k1 text, k2 text, k3 text, k4 text, n1 float8, n2 float8, split_key text, bucket smallint
)
ORDER BY key COLLATE "C"
ON CONFLICT (organization_id, stream_id, key) {on_conflict}
RETURNING id, key, xmax = 0
"""
# The numbers are hidden from the planner: of an organization that has come since the table was last analysed it
# expects no rows, and would read all that it has by another index. Not knowing which, it takes the index of keys.
FIND = """
SELECT id, key FROM projects_example
WHERE organization_id = (SELECT %(organization)s::bigint) AND stream_id = (SELECT %(stream)s::bigint)
    AND key = ANY(%(keys)s)
"""
KEEP = "DO NOTHING"
CHANGE = """DO UPDATE SET
    captured_at = CASE WHEN excluded.captured_at = excluded.ingested_at
        THEN old.captured_at ELSE excluded.captured_at END,
    text = excluded.text, media_uri = excluded.media_uri, media_type = excluded.media_type,
    attributes = excluded.attributes, k1 = excluded.k1, k2 = excluded.k2, k3 = excluded.k3, k4 = excluded.k4,
    n1 = excluded.n1, n2 = excluded.n2, rev = old.rev + 1
WHERE old.attributes <> excluded.attributes OR old.text <> excluded.text
    OR old.media_uri <> excluded.media_uri OR old.media_type <> excluded.media_type
    OR old.captured_at <> excluded.captured_at AND excluded.captured_at <> excluded.ingested_at"""


def write(stream: Stream, lines: list[Line], mode: str, now: datetime) -> dict[str, tuple[int, str]]:
    """{key: (id, created | updated | unchanged)} of lines with different keys."""
    if not lines:
        return {}
    statement = INSERT.format(on_conflict=CHANGE if mode == "upsert" else KEEP)
    values: dict[str, Any] = {
        "organization": stream.organization_id,
        "stream": stream.pk,
        "now": now,
        "lines": msgspec.json.encode(lines).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = {key: (pk, "created" if new else "updated") for pk, key, new in cursor.fetchall()}
    rest = [line.key for line in lines if line.key not in found]
    return {**found, **unchanged(stream, rest)} if rest else found


def unchanged(stream: Stream, keys: list[str]) -> dict[str, tuple[int, str]]:
    """The rows that the statement left alone, which it therefore does not return."""
    values: dict[str, Any] = {"organization": stream.organization_id, "stream": stream.pk, "keys": keys}
    with connection.cursor() as cursor:
        cursor.execute(FIND, values)
        return {key: (pk, "unchanged") for pk, key in cursor.fetchall()}
