"""How many examples a condition takes, part by part: one statement, bounded in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from psycopg.errors import QueryCanceled

from projects.conditions.condition import Condition
from projects.streams.models import Example
from teams.identity.refused import Refused

COUNT_UP_TO = 10_000
PREVIEW_MS = 15_000
TOO_SLOW = _(
    "This takes too long to count. Narrow it by a time, such as captured_at within last 7d, "
    "or by a promoted attribute."
)


class Counted(NamedTuple):
    """How many, at most COUNT_UP_TO; `exact` unless there are more."""

    n: int
    exact: bool


class Part(NamedTuple):
    """One of the parts joined by `and`: how many meet it alone, and how many are left after it and those before."""

    text: str
    alone: Counted
    left: Counted


class Explanation(NamedTuple):
    """How many meet the whole, and its parts in order."""

    whole: Counted
    parts: list[Part]


def explain(condition: Condition, as_of: datetime, within_ms: int = PREVIEW_MS) -> Explanation:
    """Count a condition without parameters, part by part. Raises Refused (`too_slow`)."""
    stream, parts = condition.stream, condition.clauses()
    rows = stream.organization.examples.filter(stream=stream)
    filters = [part.q(as_of) for part in parts]
    alone = [rows.filter(one) for one in filters]
    _everything, *left = accumulate(filters, QuerySet.filter, initial=rows)
    with bounded(within_ms):
        counts = count([*alone, *left[1:]] or [rows])  # after the first part is left what it takes alone
    lefts = [counts[0], *counts[max(1, len(parts)) :]]
    told = zip(parts, counts, lefts, strict=False)
    return Explanation(lefts[-1], [Part(part.text, one, both) for part, one, both in told])


def count(each: Sequence[QuerySet[Example]]) -> list[Counted]:
    """Count some querysets by one statement, none of them further than COUNT_UP_TO."""
    said: list[str] = []
    values: list[Any] = []
    for rows in each:
        try:
            statement, parameters = rows.order_by().values("pk")[: COUNT_UP_TO + 1].query.sql_with_params()
        except EmptyResultSet:
            said.append("0")
        else:
            said.append(f"(SELECT count(*) FROM ({statement}) AS counted)")  # noqa: S608 - the ORM's own text
            values += parameters
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(said)}", values)
        found = cursor.fetchone() or ()
    return [Counted(min(n, COUNT_UP_TO), n <= COUNT_UP_TO) for n in found]


@contextmanager
def bounded(milliseconds: int) -> Iterator[None]:
    """Stop a statement that takes longer. Raises Refused (`too_slow`), and what was begun within is undone."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            (before,) = cursor.fetchone() or ("0",)
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise Refused(TOO_SLOW, "too_slow", 422) from None
        raise
