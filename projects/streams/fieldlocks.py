"""Rows are written by the attributes as they are at that moment: a change of them waits for batches that are under way.

Without it a batch that began before a promotion could commit after the back-fill had passed, without its column.
"""

from __future__ import annotations

from django.db import connection

from projects.streams.models import Stream
from teams.access.asked import Asked

SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

FIELDS = Asked(
    lambda organization, stream: Stream.objects.filter(organization=organization, pk=stream).values_list(
        "fields"
    ),
    -1,
    -2,
)


def hold_fields(stream: Stream) -> None:
    """Keep the attributes as they are until this transaction ends, and know them as they are."""
    _lock(SHARED, stream)
    _read(stream)


def change_alone(stream: Stream) -> None:
    """Be the only one to write to the stream until this transaction ends, which should be soon."""
    hold_row(stream)
    _lock(ALONE, stream)
    _read(stream)


def hold_row(stream: Stream) -> None:
    """Be the only one to change the attributes until this transaction ends; batches go on arriving."""
    stream.organization.streams.select_for_update(no_key=True).get(pk=stream.pk)
    _read(stream)


def _lock(statement: str, stream: Stream) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [f"projects.fields:{stream.pk}"])


def _read(stream: Stream) -> None:
    [(stream.fields,)] = FIELDS.rows(stream.organization_id, stream.pk)
