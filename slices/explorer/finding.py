"""What meets a condition, as the explorer shows it: the newest, their labels, their days; or a family's children."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from projects.conditions import Condition
from projects.conditions.counting import PREVIEW_MS, bounded
from projects.streams.models import Example, LabelState
from teams.desk.charts import Chart, Series
from teams.desk.numbers import number

SAMPLED = 5_000  # of the newest, for the mix of classes and the chart
SHOWN = 12
CLASSES = 12
DAYS = 60
CHILDREN = 20


class Class(NamedTuple):
    """A class: how many have it as their label, and how many models guess it for that have none."""

    name: str
    labeled: int
    guessed: int

    @property
    def n(self) -> int:
        """Both together."""
        return self.labeled + self.guessed


class Found(NamedTuple):
    """The newest that meet a condition: some to look at, and figures over `n` of them (all, if `whole`)."""

    examples: list[Example]
    n: int
    whole: bool
    labeled: int
    classes: list[Class]
    more_classes: int
    chart: Chart | None

    @property
    def most(self) -> int:
        """In one class."""
        return max([1, *(row.n for row in self.classes)])


def meeting(condition: Condition, as_of: datetime) -> QuerySet[Example]:
    """The examples that meet it."""
    stream = condition.stream
    return stream.organization.examples.filter(condition.q(as_of), stream=stream)


def find(condition: Condition, as_of: datetime) -> Found:
    """Two statements, bounded in time. Raises Refused (`too_slow`)."""
    rows = meeting(condition, as_of).order_by("-pk")
    with bounded(PREVIEW_MS):
        seen = list(rows.values_list("pk", "captured_at", "label", "predicted", "label_state")[: SAMPLED + 1])
    whole, seen = len(seen) <= SAMPLED, seen[:SAMPLED]
    stream = condition.stream
    newest = stream.organization.examples.filter(stream=stream, pk__in=[row[0] for row in seen[:SHOWN]])
    labels = Counter(label for *_rest, label, _guess, _state in seen if label is not None)
    guesses = Counter(guess for *_rest, label, guess, _state in seen if label is None and guess is not None)
    names = [name for name, _n in (labels + guesses).most_common()]
    classes = [Class(name, labels[name], guesses[name]) for name in names[:CLASSES]]
    return Found(
        list(newest.select_related("stream").order_by("-pk")),
        len(seen),
        whole,
        sum(state == LabelState.ACCEPTED for *_rest, state in seen),
        classes,
        max(0, len(names) - CLASSES),
        days_chart([(row[1], row[4] == LabelState.ACCEPTED) for row in seen], as_of, whole),
    )


def days_chart(seen: Sequence[tuple[datetime, bool]], as_of: datetime, whole: bool) -> Chart | None:
    """How many were captured each day, and how many of those have a label; None where it would be one bar."""
    last = as_of.astimezone(UTC).date()
    days = Counter(at.astimezone(UTC).date() for at, _labeled in seen)
    labeled = Counter(at.astimezone(UTC).date() for at, is_labeled in seen if is_labeled)
    within = [day for day in days if last - timedelta(days=DAYS) < day <= last]
    if not within:
        return None
    first = min(*within, last - timedelta(days=6))
    axis = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return Chart(
        title=_("When they were captured"),
        description=described(days, axis, whole),
        x=axis,
        series=[
            Series(_("Examples"), [days[day] for day in axis], "examples"),
            Series(_("With a label"), [labeled[day] for day in axis], "labels"),
        ],
        kind="bar",
        y_label=_("A day"),
    )


def described(days: Counter[date], axis: Sequence[date], whole: bool) -> str:
    """What the chart shows, for who cannot see it."""
    n = sum(days[day] for day in axis)
    said = {"n": number(n), "days": len(axis), "most": number(max(days[day] for day in axis))}
    if whole:
        return _("%(n)s in %(days)s days, at most %(most)s a day, by UTC.") % said
    return _("Of the newest %(n)s alone: %(days)s days, at most %(most)s a day, by UTC.") % said


class Child(NamedTuple):
    """A child that a family would have, with how many examples; `few` if they are too few."""

    name: str
    n: int
    few: bool = False


class Childhood(NamedTuple):
    """The children that a family of this condition would have: how many, and the largest."""

    field: str
    n: int
    largest: list[Child]

    @property
    def more(self) -> int:
        """Those that are not shown."""
        return self.n - len(self.largest)


def children_of(condition: Condition, as_of: datetime) -> Childhood | None:
    """By one GROUP BY; None where a parameter does more than to pick a value. Raises Refused (`too_slow`)."""
    grouped = condition.grouped()
    if grouped is None:
        return None
    fields, rest = grouped
    values: dict[str, Any] = {f"value_{param}": rest.expression(field) for param, field in fields.items()}
    with bounded(PREVIEW_MS):
        counted: Any = meeting(rest, as_of).order_by().values(**values).annotate(n=Count("pk"))
        rows = [row for row in counted if all(row[name] is not None for name in values)]
    rows.sort(key=lambda row: (-row["n"], str([row[name] for name in values])))
    largest = [Child(" · ".join(str(row[name]) for name in values), row["n"]) for row in rows[:CHILDREN]]
    return Childhood(", ".join(fields.values()), len(rows), largest)
