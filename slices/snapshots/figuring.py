"""What takes a moment to reckon about a slice: how it narrows down, what it is made of, how it came over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from projects.conditions import ConditionError
from projects.conditions.counting import PREVIEW_MS, bounded
from slices.definitions.members import funnel
from slices.definitions.mixing import Breakdown, Course, Mix, mix, over_time
from slices.definitions.models import SliceVersion
from slices.snapshots.drift_panel import drift_panel
from slices.snapshots.saying import spoken
from teams.desk.charts import Chart, Series
from teams.desk.numbers import number
from teams.identity.refused import Refused

TOP = 10


class Reckoned(NamedTuple):
    """Something that was reckoned, or the sentence that says why it was not."""

    value: Any
    why_not: str | Promise = ""


class Kind(NamedTuple):
    """A value and its share of the largest one, for its bar."""

    name: str
    n: int


class Made(NamedTuple):
    """What members are made of in one respect: the values, most first, how many have another, or none."""

    field: str
    kinds: list[Kind]
    other: int
    missing: int
    most: int


def figures_of(version: SliceVersion) -> dict[str, Reckoned]:
    """Each by itself, so that one that takes too long leaves the others."""
    now = timezone.now()

    def steps() -> list[dict[str, Any]]:
        with bounded(PREVIEW_MS):
            return spoken(funnel(version, now), version)

    return {
        "funnel": reckoned(steps),
        "mix": reckoned(lambda: made_of(mix(version, now, top=TOP))),
        "course": reckoned(lambda: course_chart(over_time(version, now))),
        "drift": reckoned(lambda: drift_panel(version, now)),
    }


def reckoned(ask: Callable[[], Any]) -> Reckoned:
    """What it finds, or why it does not."""
    try:
        return Reckoned(ask())
    except Refused as refused:
        return Reckoned(None, refused.sentence)
    except ConditionError as wrong:
        return Reckoned(None, str(wrong))


def made_of(found: Mix) -> dict[str, Any]:
    """{"n", "exact", "first", "rest"}: labels, then every other respect in which there is something to see."""
    all_of_it = [made(name, breakdown) for name, breakdown in found.fields.items()]
    rest = [one for one in all_of_it[1:] if one.kinds]
    return {"n": found.n, "exact": found.exact, "first": all_of_it[0], "rest": rest}


def made(name: str, breakdown: Breakdown) -> Made:
    """One respect."""
    kinds = [Kind(seen.value, seen.n) for seen in breakdown.values]
    most = max([1, breakdown.missing, breakdown.other, *(kind.n for kind in kinds)])
    return Made(name, kinds, breakdown.other, breakdown.missing, most)


def course_chart(found: Course) -> Chart | None:
    """Members and labels over time; None where there is nothing, or one point alone."""
    if len(found.points) < 2:
        return None
    clocks = {"captured_at": _("captured"), "ingested_at": _("arrived"), "labeled_at": _("labelled")}
    units = {"day": _("A day"), "week": _("A week, from Monday"), "month": _("A month")}
    said = {
        "n": number(sum(point.members for point in found.points)),
        "what": clocks.get(found.clock, found.clock),
        "labeled": number(sum(point.labeled for point in found.points)),
    }
    description = (
        _("%(n)s members by when they were %(what)s, %(labeled)s of them with a label, by UTC.") % said
    )
    if found.before:
        description += " " + _("%(n)s more are older.") % {"n": number(found.before)}
    if not found.exact:
        description += " " + _("Reckoned from a fixed share of them.")
    return Chart(
        title=_("Members and labels over time"),
        description=description,
        x=[point.on for point in found.points],
        series=[
            Series(_("Members"), [point.members for point in found.points], "examples"),
            Series(_("With a label"), [point.labeled for point in found.points], "labels"),
        ],
        kind="bar",
        y_label=units[found.unit],
    )
