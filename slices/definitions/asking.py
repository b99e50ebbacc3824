"""How many a slice has now: asked often, so the statement of a version is put together once and kept.

Reading, checking and compiling a condition takes ten times as long as counting what an index finds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils import timezone
from psycopg.types.json import Jsonb

from projects.conditions.nodes import SPLITS
from projects.streams.splits import cuts_of
from slices.definitions.meaning import condition_of
from slices.definitions.members import COUNT_UP_TO, NONE, Values, steps
from slices.definitions.models import SliceVersion

KEPT = 2_000  # statements in a process
# Two moments this far apart tell what in a statement moves with the moment: no calendar has a unit like it.
APART = timedelta(days=1017, hours=5, minutes=43, seconds=11, microseconds=271_828)


class Asked(NamedTuple):
    """A statement that counts a version's members, and which of its values lie how far from the moment asked of."""

    sql: str
    values: tuple[Any, ...]
    moving: dict[int, timedelta]

    def at(self, as_of: datetime) -> list[Any]:
        """Its values for a moment."""
        values = list(self.values)
        for index, distance in self.moving.items():
            values[index] = as_of + distance
        return values


_kept: OrderedDict[Hashable, Asked | None] = OrderedDict()
_lock = Lock()


def live_count(version: SliceVersion, values: Values = NONE) -> tuple[int, bool]:
    """(members now, whether that is exact): counted no further than 10,000."""
    now = timezone.now()
    asked = kept(version, values)
    try:
        sql, given = (asked.sql, asked.at(now)) if asked else statement(version, values, now)
    except EmptyResultSet:
        return 0, True
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        (n,) = cursor.fetchone() or (0,)
    return min(n, COUNT_UP_TO), n <= COUNT_UP_TO


def statement(version: SliceVersion, values: Values, as_of: datetime) -> tuple[str, tuple[Any, ...]]:
    """The statement that counts the members as of a moment. Raises EmptyResultSet where there can be none."""
    *_before, (_name, rows) = steps(version, as_of, values)
    sql, given = rows.order_by().values("pk")[: COUNT_UP_TO + 1].query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) AS counted", tuple(given)  # noqa: S608 - the ORM's own text


def kept(version: SliceVersion, values: Values) -> Asked | None:
    """The statement of a version, if it is one that can be kept; made at the first call of a process.

    All that it depends on is in its name: a version is for ever, the attributes and the cuts of its stream are not.
    """
    stream = version.slice.stream
    cuts = None if set(version.splits) == set(SPLITS) else cuts_of(stream)
    name = (
        version.organization_id,
        version.pk,
        version.definition_hash,
        stream.pk,
        msgspec.json.encode([stream.fields, values]),
        cuts and (*cuts.items(), cuts.salt, cuts.stored_by),
    )
    with _lock:
        if name in _kept:
            _kept.move_to_end(name)
            return _kept[name]
    made = keepable(version, values)
    with _lock:
        _kept[name] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def keepable(version: SliceVersion, values: Values) -> Asked | None:
    """The statement, if nothing but the moment changes it; None where other slices, models or answers do too."""
    condition = condition_of(version)
    if not condition.is_local or condition.asks_for_splits or version.sample or version.dedupe:
        return None
    early = timezone.now()
    late = early + APART
    try:
        (sql, first), (again, second) = (statement(version, values, moment) for moment in (early, late))
    except EmptyResultSet:
        return None
    if sql != again:
        return None
    moving = {}
    for index, (one, other) in enumerate(zip(first, second, strict=True)):
        if isinstance(one, datetime) and other - one == APART:
            moving[index] = one - early
        elif plain(one) != plain(other):
            return None
    return Asked(sql, first, moving)


def plain(value: Any) -> Any:
    """A value of a statement as one that can be compared: what wraps JSON equals nothing but itself."""
    return value.obj if isinstance(value, Jsonb) else value
