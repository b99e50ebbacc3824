"""What the members of a slice are made of, and how they came over time: what its page draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, TextField
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, TruncDate

from projects.conditions.fields import declared
from projects.streams.models import Stream
from slices.definitions.looking import SHARE, Seen, fetch, in_time, share_of, with_answer
from slices.definitions.members import NONE, Values, members
from slices.definitions.models import SliceVersion
from slices.definitions.windows import clock_of

TOP = 20  # values of a field that are told apart
MIXED = ("string", "enum", "boolean")  # types whose values are worth counting
MOST_POINTS = 92


class Breakdown(NamedTuple):
    """The values of one field, most first; `other` have rarer ones, `missing` none."""

    values: list[Seen]
    other: int
    missing: int


class Mix(NamedTuple):
    """Of how many, whether all were looked at, and the values of each field: `label`, `prediction`, attributes."""

    n: int
    exact: bool
    fields: dict[str, Breakdown]


MIX = """
WITH member AS MATERIALIZED ({members}), seen AS (
    SELECT position, value, count(*) AS n,
        row_number() OVER (PARTITION BY position, value IS NULL ORDER BY count(*) DESC, value) AS place
    FROM member, LATERAL unnest(array[COLUMNS]) WITH ORDINALITY AS each_field (value, position)
    GROUP BY position, value
)
SELECT position, CASE WHEN value IS NULL THEN 'missing' WHEN place <= %s THEN 'value' ELSE 'other' END,
    CASE WHEN place <= %s THEN value END, sum(n)::bigint
FROM seen GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 3
"""


def mix(version: SliceVersion, as_of: datetime, values: Values = NONE, *, top: int = TOP) -> Mix:
    """How often each label, prediction and attribute value is among the members. Raises Refused (`too_slow`)."""
    fields, exact = tally(version, as_of, values, mixed_fields(version.slice.stream), top)
    label = fields["label"]
    return Mix(sum(one.n for one in label.values) + label.other + label.missing, exact, fields)


def tally(
    version: SliceVersion, as_of: datetime, values: Values, spoken: Mapping[str, Combinable], top: int
) -> tuple[dict[str, Breakdown], bool]:
    """(the values of some fields among the members, whether all were looked at), by one statement."""
    columns = {f"value_{n}": Cast(one, TextField()) for n, one in enumerate(spoken.values())}
    statement = MIX.replace("COLUMNS", ", ".join(f"{name}::text" for name in columns))

    def ask(one_in: int) -> list[tuple[Any, ...]]:
        rows = share_of(with_answer(version, as_of, values), one_in).annotate(**columns)
        return fetch(statement, {"members": rows.values(*columns)}, [top, top])

    found, exact = in_time(ask)
    scale = 1 if exact else SHARE
    return {name: breakdown(found, n, scale) for n, name in enumerate(spoken, 1)}, exact


def breakdown(found: Sequence[tuple[Any, ...]], position: int, scale: int) -> Breakdown:
    """What was found of one field."""
    mine = [(kind, value, n * scale) for where, kind, value, n in found if where == position]
    sums = Counter[str]()
    for kind, _value, n in mine:
        sums[kind] += n
    seen = [Seen(value, n) for kind, value, n in mine if kind == "value"]
    return Breakdown(seen, sums["other"], sums["missing"])


def mixed_fields(stream: Stream) -> Mapping[str, Combinable]:
    """The fields whose values are counted, by name; personal ones are nobody's chart."""
    fields = declared(stream).values()
    own = {field.name: field.expression for field in fields if field.type in MIXED and not field.verb}
    return {"label": F("answer_label"), "prediction": F("predicted"), **own}


class Point(NamedTuple):
    """One day, week (from Monday) or month: how many members, of them with a label."""

    on: date
    members: int
    labeled: int


class Course(NamedTuple):
    """The members over time by the clock of the slice's window, gaps too; `before`: earlier than the first point."""

    unit: str
    clock: str
    exact: bool
    points: list[Point]
    before: int


def over_time(version: SliceVersion, as_of: datetime, values: Values = NONE) -> Course:
    """Members per day; per week or month where the days are many. Raises Refused (`too_slow`)."""
    clock = clock_of(version.window)

    def ask(one_in: int) -> list[tuple[Any, ...]]:
        rows = share_of(members(version, as_of, values), one_in)
        days = rows.values(on=TruncDate(clock, tzinfo=UTC)).order_by()
        counted = days.annotate(
            members=Count("pk"), labeled=Count("pk", filter=Q(annotation_id__isnull=False))
        )
        return list(counted.values_list("on", "members", "labeled").order_by("on"))

    found, exact = in_time(ask)
    scale = 1 if exact else SHARE
    return course([Point(on, n * scale, labeled * scale) for on, n, labeled in found], clock, exact)


def course(days: list[Point], clock: str, exact: bool) -> Course:
    """Days, in order, as points of the least unit that does not make too many of them."""
    if not days:
        return Course("day", clock, exact, [], 0)
    span = (days[-1].on - days[0].on).days + 1
    unit = "day" if span <= MOST_POINTS else "week" if span <= MOST_POINTS * 7 else "month"
    sums: dict[date, list[int]] = {}
    for point in days:
        both = sums.setdefault(begin(point.on, unit), [0, 0])
        both[0] += point.members
        both[1] += point.labeled
    shown = backwards(begin(days[-1].on, unit), begin(days[0].on, unit), unit)
    before = sum(n for on, (n, _labeled) in sums.items() if on < shown[0])
    return Course(unit, clock, exact, [Point(on, *sums.get(on, (0, 0))) for on in shown], before)


def begin(on: date, unit: str) -> date:
    """The first day of its week or month."""
    if unit == "week":
        return on - timedelta(days=on.weekday())
    return on.replace(day=1) if unit == "month" else on


def backwards(last: date, first: date, unit: str) -> list[date]:
    """The beginnings of all units from the first to the last, in order, no more than are drawn."""
    found = [last]
    while found[-1] > first and len(found) < MOST_POINTS:
        found.append(begin(found[-1] - timedelta(days=1), unit))
    return found[::-1]
