"""The first part of an erasure, in one transaction: the examples and every row that points at them are gone.

Nothing could be left half: what other rooms hold in rows goes with them (`at_once` erasers), and the database itself
would refuse a row that points at nothing. From the commit on every page, list, count and queue is without them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from projects.erasure.choosing import chosen, wanted_from
from projects.erasure.models import Erasure
from projects.streams.tombstones import SCHEME, Tombstone
from teams.events.actions import record
from teams.identity.models import User
from teams.work.erasing import Doomed, erasers, key_digest

BATCH = 5_000  # examples of one transaction
TRIES = 3

PREDICTIONS = """
DELETE FROM projects_prediction WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
"""
EXAMPLES = """
DELETE FROM projects_example WHERE organization_id = %(organization)s AND id = ANY(%(ids)s)
RETURNING id, stream_id, key, media_uri
"""


class Removed(NamedTuple):
    """A row that was there a moment ago."""

    example_id: int
    stream_id: int
    key: str
    media_uri: str

    @property
    def media_digest(self) -> str:
        """Of its upload; empty where its media is elsewhere, or there is none."""
        return self.media_uri.removeprefix(SCHEME) if self.media_uri.startswith(SCHEME) else ""


def mark(erasure: Erasure, *, by: User | None) -> int:
    """Remove the next examples that a request wants; how many. When none is left, it forgets what it wanted.

    Somebody may be working on one of them (a labeler submits, a batch is routed): then one of the two waits, or is
    told by the database to begin again. This one does.
    """
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                return mark_batch(erasure, by)
        except (IntegrityError, OperationalError):
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def mark_batch(erasure: Erasure, by: User | None) -> int:
    """One batch, in the caller's transaction."""
    organization = erasure.organization
    found = chosen(erasure.project, erasure.stream, wanted_from(erasure.wanted or {}))
    columns = ("pk", "stream_id", "key", "media_uri")
    rows = [Removed(*row) for row in found.order_by("pk").values_list(*columns)[:BATCH]]
    removed = remove(erasure, rows) if rows else []
    done = {"wanted": None, "marked_at": timezone.now()} if len(rows) < BATCH else {}
    organization.erasures.filter(pk=erasure.pk).update(n=F("n") + len(removed), **done)
    if removed:
        ids = [row.example_id for row in removed]
        record("example.erased", organization=organization, subject=erasure, by=by, ids=ids)
    erasure.refresh_from_db()
    return len(removed)


def remove(erasure: Erasure, rows: list[Removed]) -> list[Removed]:
    """Take the examples away, with all that points at them; tombstones stay."""
    organization = erasure.organization
    ids = [row.example_id for row in rows]
    doomed = Doomed(
        organization,
        tuple(ids),
        {key_digest(organization, row.stream_id, row.key) for row in rows},
        {row.media_digest for row in rows} - {""},
    )
    for eraser in erasers(at_once=True):
        note(erasure, eraser.name, eraser.erase(doomed))
    values: dict[str, Any] = {"organization": organization.pk, "ids": ids}
    with connection.cursor() as cursor:
        cursor.execute(PREDICTIONS, values)
        note(erasure, "predictions", cursor.rowcount)
        cursor.execute(EXAMPLES, values)
        removed = [Removed(*row) for row in cursor.fetchall()]
        note(erasure, "examples", len(removed))
        organization.tombstones.bulk_create([tombstone(erasure, row) for row in removed])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a row that points at one of them shows now
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return removed


def tombstone(erasure: Erasure, row: Removed) -> Tombstone:
    """What stays of one example."""
    return Tombstone(
        organization=erasure.organization,
        erasure=erasure,
        stream_id=row.stream_id,
        example_id=row.example_id,
        key_digest=key_digest(erasure.organization, row.stream_id, row.key),
        media_digest=row.media_digest,
    )


def note(erasure: Erasure, name: str, n: int) -> None:
    """What an eraser has removed in this batch; it is done with it."""
    now = timezone.now()
    step, made = erasure.steps.get_or_create(
        organization=erasure.organization, name=name, defaults={"n": n, "done_at": now}
    )
    if not made:
        erasure.steps.filter(pk=step.pk).update(n=F("n") + n, done_at=now)
