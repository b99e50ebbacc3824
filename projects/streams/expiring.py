"""The clock's part in retention: batch after batch, what is old enough and nobody needs goes; its counts stay.

A row that was kept is passed over and looked at again in the next daily round.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import QuerySet

from projects.streams.media import SCHEME
from projects.streams.models import Example, LabelState
from projects.streams.retained import Retention
from projects.streams.retention import kept, let_go
from teams.events.actions import record
from teams.work.jobs import enqueue

log = logging.getLogger(__name__)

TURN_S = 1.0  # other sources of due work want their turn
BATCH = 5_000
ROUND_EVERY = timedelta(days=1)
AT_ONCE = 50  # streams of one turn
FILES_AT_ONCE = 1_000

PREDICTIONS = """
DELETE FROM projects_prediction WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
"""
EXAMPLES = """
DELETE FROM projects_example WHERE organization_id = %(organization)s AND id = ANY(%(ids)s)
RETURNING captured_at, media_uri
"""
EARLIER = """
DELETE FROM projects_earlierupload WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
RETURNING digest
"""
COUNTS = """
INSERT INTO projects_expiredcount AS old (organization_id, stream_id, day, n)
SELECT %(organization)s, %(stream)s, day, n FROM unnest(%(days)s::date[], %(numbers)s::bigint[]) AS gone (day, n)
ON CONFLICT (stream_id, day) DO UPDATE SET n = old.n + excluded.n
"""


def expire_all(at: datetime) -> int:
    """Let go what is old enough, a stream after the other; how many examples went."""
    ends, done = time.monotonic() + TURN_S, 0
    waiting = Retention.objects.filter(look_at__lte=at).order_by("look_at").values_list("pk", flat=True)
    for pk in list(waiting[:AT_ONCE]):
        while time.monotonic() < ends:
            gone = expire_some(pk, at)
            if gone is None:
                break
            done += gone
    return done


def expire_some(retention_id: int, at: datetime) -> int | None:
    """The next batch of a stream, in a transaction of its own; how many examples went.

    None where there is nothing more to do now, or another clock is at it. Somebody may just begin to need one of
    them: then one of the two is told by the database to begin again. This one does, at its next turn.
    """
    try:
        with transaction.atomic():
            let_go()
            rows = Retention.objects.select_for_update(skip_locked=True, of=("self",))
            related = rows.select_related("stream", "organization")
            row = related.filter(pk=retention_id, look_at__lte=at).first()
            return None if row is None else take_batch(row, at)
    except (IntegrityError, OperationalError):
        if not connection.is_usable():
            raise  # the database is away: the clock waits for it
        log.info("a stream's retention waits for its next turn", exc_info=True)
        return None


def take_batch(row: Retention, at: datetime) -> int | None:
    """One batch: looked at, thinned by who needs what, removed and counted. A round ends where examples are young."""
    organization, before = row.organization, at - timedelta(days=row.days)
    page: list[tuple[int, datetime]] = list(
        organization.examples.filter(stream=row.stream, pk__gt=row.at_id)
        .order_by("pk")
        .values_list("pk", "ingested_at")[:BATCH]
    )
    old = [pk for pk, ingested_at in page if ingested_at < before]
    ids = free(row, old, before) if old else []
    gone = remove(row, ids) if ids else 0
    if len(page) < BATCH or page[-1][1] >= before:
        organization.retentions.filter(pk=row.pk).update(at_id=0, look_at=at + ROUND_EVERY)
    else:
        organization.retentions.filter(pk=row.pk).update(at_id=page[-1][0])
    return gone


def free(row: Retention, ids: Sequence[int], before: datetime) -> list[int]:
    """Those that nobody needs, locked: whoever wants to point at one of them now waits, and finds it gone."""
    rows: QuerySet[Example] = row.organization.examples.filter(
        pk__in=ids, label_state=LabelState.NONE, ingested_at__lt=before
    )
    locked = list(rows.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
    needed = kept(row.organization, locked) if locked else set()
    return [pk for pk in locked if pk not in needed]


def remove(row: Retention, ids: Sequence[int]) -> int:
    """Take examples away with what models said of them, and count them; their uploads go in jobs."""
    organization = row.organization
    values: dict[str, Any] = {"organization": organization.pk, "ids": list(ids)}
    with connection.cursor() as cursor:
        cursor.execute(PREDICTIONS, values)
        cursor.execute(EXAMPLES, values)
        gone: list[tuple[datetime, str]] = cursor.fetchall()
        cursor.execute(EARLIER, values)
        earlier = {digest for (digest,) in cursor.fetchall()}
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a row that points at one of them shows now
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    keep_counts(row, Counter(captured_at.astimezone(UTC).date() for captured_at, _uri in gone))
    shown = {uri.removeprefix(SCHEME) for _at, uri in gone if uri.startswith(SCHEME)}
    digests = sorted(shown | earlier)
    for first in range(0, len(digests), FILES_AT_ONCE):
        part = digests[first : first + FILES_AT_ONCE]
        enqueue("uploads.forget", organization=organization, digests=part)
    record(
        "examples.expired",
        organization=organization,
        subject=row.stream,
        by=None,
        n=len(gone),
        days=row.days,
    )
    return len(gone)


def keep_counts(row: Retention, gone: Counter[date]) -> None:
    """Add to what has expired, by the day of capture."""
    days = sorted(gone)
    values: dict[str, Any] = {
        "organization": row.organization_id,
        "stream": row.stream_id,
        "days": days,
        "numbers": [gone[day] for day in days],
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, values)
