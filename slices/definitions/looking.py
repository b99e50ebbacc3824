"""Looking at the members of a slice by one statement, bounded in time: all, or a fixed share where that is too slow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, Func, OuterRef, QuerySet, Subquery

from projects.conditions.counting import bounded
from projects.streams.models import Example
from slices.definitions.members import NONE, Values, labels, members
from slices.definitions.models import SliceVersion
from teams.identity.refused import Refused

ALL_MS, SHARE_MS = 5_000, 10_000
SHARE = 64  # one member in so many, where all of them take too long

Answer = TypeVar("Answer")


class Seen(NamedTuple):
    """A value and how many members have it; of a share of them, how many they stand for."""

    value: str
    n: int


def in_time(ask: Callable[[int], Answer]) -> tuple[Answer, bool]:
    """(what `ask` finds among one in so many members, whether that was all of them). Raises Refused (`too_slow`)."""
    try:
        with bounded(ALL_MS):
            return ask(1), True
    except Refused as refusal:
        if refusal.code != "too_slow":
            raise
    with bounded(SHARE_MS):
        return ask(SHARE), False


def with_answer(version: SliceVersion, as_of: datetime, values: Values = NONE) -> QuerySet[Any]:
    """The members, each with `answer_label`: what the slice takes its label to be as of then."""
    newest = labels(version, as_of).filter(example=OuterRef("pk")).order_by("-accepted_at", "-pk")
    return members(version, as_of, values).annotate(answer_label=Subquery(newest.values("label")[:1]))


class OneIn(Func):
    """Whether an example is of a fixed share, one in `n`: quick to reckon, and nothing to do with what it holds."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, n: int) -> None:
        super().__init__("pk", template=f"(mod(hashint8(%(expressions)s), {int(n)}) = 0)")


def share_of(rows: QuerySet[Any], one_in: int) -> QuerySet[Any]:
    """One in so many of some examples; all of them for 1."""
    return rows if one_in == 1 else rows.filter(OneIn(one_in))


def fetch(statement: str, rows: dict[str, QuerySet[Any]], more: list[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that speaks of querysets as {name}; `more` are its values after theirs."""
    texts: dict[str, str] = {}
    values: list[Any] = []
    for name, queryset in rows.items():
        try:
            text, parameters = queryset.order_by().query.sql_with_params()
        except EmptyResultSet:
            text, parameters = nothing(queryset)
        texts[name] = text
        values += parameters
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**texts), [*values, *more])
        return cursor.fetchall()


def nothing(queryset: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """A statement with the columns of a queryset that can have no rows."""
    columns = queryset.query.values_select + tuple(queryset.query.annotation_select)
    names = ", ".join(f'NULL::text AS "{name}"' for name in columns)
    return f"SELECT {names} WHERE false", ()


def newest_of(rows: QuerySet[Example], limit: int) -> QuerySet[Example]:
    """The examples that came last."""
    return rows.order_by("-id")[:limit]
