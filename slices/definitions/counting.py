"""Live counts: the notes of changes are folded into sums by slice and day, exactly once each.

A note says what an example was before a change. Taken together with what it is now (or was before a change that is not
folded yet), the sums move by exactly the difference, whatever came between: arrivals, late data, labels, removals.
One fold a stream at a time holds its lock; the notes it took are deleted in the transaction that moved the sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from msgspec.json import decode

from projects.schemas.fields import FieldSpec, field_specs
from projects.streams.changes import READ, ExampleChange
from projects.streams.models import LabelState, Stream
from slices.definitions import images
from slices.definitions.routers import router_of
from slices.definitions.routing import Place, Router
from teams.identity.models import Organization

NOTES = 5_000  # of one fold
EXAMPLES = 50_000

# Whoever wants to know where members were gained; filled when the app is ready.
MEETING: list[Callable[[Organization, Collection[Place]], None]] = []

Sums = Counter[tuple[Place, bool]]  # by whether it has a label


@transaction.atomic
def fold(stream: Stream) -> int:
    """Take the stream's oldest notes and move the sums by them; how many notes there were. 0 if another is at it."""
    if not is_free(stream):
        return 0
    notes = take(stream)
    if notes:
        put_away(stream, notes)
    return len(notes)


def put_away(stream: Stream, notes: Sequence[ExampleChange]) -> None:
    """Move the sums by some notes, which are then gone."""
    add(stream.organization, difference(stream, notes, router_of(stream)))
    stream.organization.example_changes.filter(pk__in=[note.pk for note in notes]).delete()


def is_free(stream: Stream) -> bool:
    """Hold the stream's counts until the end of the transaction; False if another process does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('slice counts'), %s)", [stream.pk % 2**31])
        return bool(cursor.fetchone()[0])


def hold(stream: Stream) -> None:
    """Hold the stream's counts until the end of the transaction; waits for whoever does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('slice counts'), %s)", [stream.pk % 2**31])


def take(stream: Stream) -> list[ExampleChange]:
    """The oldest notes of a stream, no more than one fold reads examples for."""
    notes: list[ExampleChange] = []
    examples = 0
    for note in stream.organization.example_changes.filter(stream_id=stream.pk).order_by("pk")[:NOTES]:
        examples += len(ids_of(note))
        if notes and examples > EXAMPLES:
            break
        notes.append(note)
    return notes


def ids_of(note: ExampleChange) -> list[int]:
    """The examples that a note is about."""
    return note.arrived or ([] if note.example_id is None else [note.example_id])


def difference(stream: Stream, notes: Sequence[ExampleChange], router: Router) -> Sums:
    """By how much the sums move: what the examples are after these notes, less what they were before them."""
    specs = field_specs(stream.fields)
    first: dict[int, dict[str, Any] | None] = {}
    for note in notes:
        for example_id in ids_of(note):
            first.setdefault(example_id, note.was)
    sums: Sums = Counter()
    for was in first.values():
        if was is not None:
            count(router, images.before(was, specs), -1, sums)
    for row in after(stream, list(first), [note.pk for note in notes], specs):
        count(router, row, 1, sums)
    return sums


def count(router: Router, row: Mapping[str, Any], by: int, sums: Sums) -> None:
    """Put one example to every place where it is counted."""
    is_labeled = row["label_state"] == LabelState.ACCEPTED
    for place in router.places(row):
        sums[place, is_labeled] += by


# In one statement, so that the rows and the notes that are still to come are of one instant. The first of an example's
# notes is not sought by ORDER BY and LIMIT: PostgreSQL would rather walk all notes in their order than use the index.
AFTER = """
SELECT coming.was, {columns}
FROM unnest(%(ids)s::bigint[]) AS changed (id)
LEFT JOIN projects_example example
    ON example.organization_id = %(organization)s AND example.stream_id = %(stream)s AND example.id = changed.id
LEFT JOIN LATERAL (
    SELECT (array_agg(note.was ORDER BY note.id))[1] AS was FROM projects_examplechange note
    WHERE note.organization_id = %(organization)s AND note.example_id = changed.id AND note.arrived IS NULL
        AND note.id <> ALL(%(taken)s)
) coming ON true
WHERE coming.was IS NOT NULL OR example.id IS NOT NULL
"""


def after(
    stream: Stream, ids: list[int], taken: list[int], specs: Mapping[str, FieldSpec]
) -> Iterator[dict[str, Any]]:
    """The examples as they are after the notes `taken`: as the next note says, else as they are now."""
    statement = AFTER.format(columns=", ".join(f"example.{name}" for name in READ))
    values: dict[str, Any] = {
        "organization": stream.organization_id,
        "stream": stream.pk,
        "ids": ids,
        "taken": taken,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for was, *columns in cursor.fetchall():
            yield images.now(columns, specs) if was is None else images.before(decode(was), specs)


ADD = """
INSERT INTO slices_slicecount AS old (organization_id, slice_version_id, key, day, n, labeled)
SELECT %(organization)s, version, key, day, n, labeled
FROM unnest(%(versions)s::bigint[], %(keys)s::text[], %(days)s::date[], %(ns)s::bigint[], %(labeled)s::bigint[])
    AS moved (version, key, day, n, labeled)
ORDER BY version, key, day
ON CONFLICT (slice_version_id, key, day) DO UPDATE
    SET n = old.n + excluded.n, labeled = old.labeled + excluded.labeled
"""


def add(organization: Organization, sums: Sums) -> None:
    """Move the sums."""
    moved: Counter[Place] = Counter()
    labeled: Counter[Place] = Counter()
    for (place, is_labeled), n in sums.items():
        moved[place] += n
        labeled[place] += n if is_labeled else 0
    places = [place for place in moved if moved[place] or labeled[place]]
    if not places:
        return
    for meet in MEETING:
        meet(organization, [place for place in places if moved[place] > 0])
    values: dict[str, Any] = {
        "organization": organization.pk,
        "versions": [place.version_id for place in places],
        "keys": [place.key for place in places],
        "days": [place.day for place in places],
        "ns": [moved[place] for place in places],
        "labeled": [labeled[place] for place in places],
    }
    with connection.cursor() as cursor:
        cursor.execute(ADD, values)


def totals(organization: Organization, spans: Mapping[int, tuple[date, date]]) -> dict[int, tuple[int, int]]:
    """{version id: (members, with a label)} of live versions, each over its days, both ends included; one query."""
    values: dict[str, Any] = {
        "organization": organization.pk,
        "versions": list(spans),
        "since": [first for first, _last in spans.values()],
        "until": [last for _first, last in spans.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, values)
        return {version: (n, labeled) for version, n, labeled in cursor.fetchall()}


TOTALS = """
SELECT asked.version, coalesce(sum(count.n), 0)::bigint, coalesce(sum(count.labeled), 0)::bigint
FROM unnest(%(versions)s::bigint[], %(since)s::date[], %(until)s::date[]) AS asked (version, since, until)
LEFT JOIN slices_slicecount count ON count.organization_id = %(organization)s
    AND count.slice_version_id = asked.version AND count.day BETWEEN asked.since AND asked.until
GROUP BY asked.version
"""
