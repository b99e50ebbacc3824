"""Counting from nothing: where live sums begin, what they are held against, and all that can only be counted so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from msgspec.json import decode

from projects.conditions.compiling import in_splits
from projects.streams.changes import ExampleChange
from projects.streams.models import LabelState, Stream
from projects.streams.splits import cuts_of
from slices.definitions.counting import NOTES, Sums, add, difference, hold, put_away
from slices.definitions.counts import Counting
from slices.definitions.meaning import condition_of, counted_by
from slices.definitions.members import members
from slices.definitions.models import SliceVersion
from slices.definitions.routers import router_of
from slices.definitions.routing import Place, Router, is_countable, key_of
from slices.definitions.windows import clock_of

Truth = dict[Place, tuple[int, int]]


class Difference(NamedTuple):
    """Where a live sum, (all, with a label), is not what counting from nothing finds."""

    place: Place
    kept: tuple[int, int]
    found: tuple[int, int]


def by_day(version: SliceVersion) -> QuerySet[Any]:
    """(day, all, with a label, then the values of a family's fields) of a countable version, by one GROUP BY."""
    stream, clock, condition = version.slice.stream, clock_of(version.window), counted_by(version)
    fields, rest = condition.grouped() or ({}, condition)
    rows = version.organization.examples.filter(stream=stream).filter(
        in_splits(cuts_of(stream), version.splits)
    )
    rows = rows.filter(rest.q(timezone.now())).exclude(**{clock: None})
    values = {f"value_{param}": condition.expression(field) for param, field in fields.items()}
    counts = {"n": Count("pk"), "labeled": Count("pk", filter=Q(label_state=LabelState.ACCEPTED))}
    days = rows.values(on=TruncDate(clock, tzinfo=UTC), **values).annotate(**counts)
    return days.values("on", "n", "labeled", *values).order_by()


# One statement, one instant: what there is, what the sums say, and the notes that they have not been moved by.
LOOK = """
SELECT (SELECT jsonb_agg(to_jsonb(found)) FROM ({truth}) found),
    (SELECT jsonb_agg(jsonb_build_array(key, day, n, labeled)) FROM slices_slicecount
        WHERE organization_id = %s AND slice_version_id = %s),
    (SELECT array_agg(id ORDER BY id) FROM projects_examplechange WHERE organization_id = %s AND stream_id = %s)
"""


def look(version: SliceVersion) -> tuple[Truth, Truth, list[int]]:
    """(what there is, what the sums say, notes to come) of a countable version, as of one instant."""
    sql, values = by_day(version).query.sql_with_params()
    rest = [version.organization_id, version.pk, version.organization_id, version.slice.stream_id]
    with connection.cursor() as cursor:
        cursor.execute(LOOK.format(truth=sql), [*values, *rest])
        found, kept, notes = cursor.fetchone()
    return truth_of(version, decode(found or "[]")), kept_of(version, decode(kept or "[]")), notes or []


def truth_of(version: SliceVersion, rows: list[dict[str, Any]]) -> Truth:
    """The rows of `by_day` by place; those that lack a value of a family's fields are of no child."""
    found = {}
    for row in rows:
        key = key_of({param: row[f"value_{param}"] for param in version.params})
        if key is not None:
            found[Place(version.pk, key, date.fromisoformat(row["on"]))] = (row["n"], row["labeled"])
    return found


def kept_of(version: SliceVersion, rows: list[tuple[str, str, int, int]]) -> Truth:
    """The sums by place, without those that came back to nothing."""
    return {
        Place(version.pk, key, date.fromisoformat(day)): (n, labeled)
        for key, day, n, labeled in rows
        if n or labeled
    }


@transaction.atomic
def begin(version: SliceVersion) -> Counting:
    """Count a version from nothing; from now on its sums are moved by every change, if it is one that can be.

    Earlier versions of its slice are counted no longer.
    """
    stream, organization = version.slice.stream, version.organization
    hold(stream)
    organization.countings.filter(slice_version__slice=version.slice_id).delete()
    organization.slice_counts.filter(slice_version__slice=version.slice_id).delete()
    if not is_countable(version, condition_of(version)):
        return count_members(organization.countings.create(slice_version=version, is_live=False))
    found, _none, notes = look(version)
    for part in in_parts(stream, notes):  # this one holds them already, the others do not
        put_away(stream, part)
    add(organization, as_sums(found))
    return organization.countings.create(slice_version=version, is_live=True)


def in_parts(stream: Stream, notes: Sequence[int]) -> Iterator[list[ExampleChange]]:
    """Notes by id, some at a time, in their order."""
    for start in range(0, len(notes), NOTES):
        ids = notes[start : start + NOTES]
        yield list(stream.organization.example_changes.filter(pk__in=ids).order_by("pk"))


def as_sums(found: Truth) -> Sums:
    """What there is, as a move from nothing."""
    sums: Sums = Counter()
    for place, (n, labeled) in found.items():
        sums[place, True] += labeled
        sums[place, False] += n - labeled
    return sums


def count_members(counting: Counting) -> Counting:
    """Count the members of a version that no sums can follow."""
    version = counting.slice_version
    rows = members(version, timezone.now()).order_by()
    counting.n = rows.count()
    counting.labeled = rows.filter(label_state=LabelState.ACCEPTED).count()
    counting.counted_at = timezone.now()
    counting.save(update_fields=["n", "labeled", "counted_at"])
    return counting


@transaction.atomic
def check(version: SliceVersion, *, mend: bool = False) -> list[Difference]:
    """Where the sums of a live version are not what counting from nothing finds; `mend` sets them right.

    Nobody moves the sums meanwhile, and changes that they have not been moved by yet are reckoned with.
    """
    stream = version.slice.stream
    hold(stream)
    found, kept, notes = look(version)
    expected = Counter(as_sums(kept))
    alone = Router(router_of(stream).only(version.pk))
    for part in in_parts(stream, notes):
        expected.update(difference(stream, part, alone))
    wrong = Counter(as_sums(found))
    wrong.subtract(expected)
    if mend:
        add(version.organization, wrong)
    version.organization.countings.filter(slice_version=version).update(counted_at=timezone.now())
    return differences(found, expected, wrong)


def differences(found: Truth, expected: Sums, wrong: Sums) -> list[Difference]:
    """The places at which two countings differ, in order."""
    where = sorted({place for (place, _labeled), n in wrong.items() if n})
    return [
        Difference(
            place,
            (expected[place, True] + expected[place, False], expected[place, True]),
            found.get(place, (0, 0)),
        )
        for place in where
    ]
