"""The plots of the pages about quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.quality.effort import Effort
from labeling.quality.models import Agreement, GoldAnswer
from teams.desk.charts import Chart, Series

MEASURES = {
    "cohen": gettext_lazy("Cohen’s kappa"),
    "fleiss": gettext_lazy("Fleiss’ kappa"),
    "f1": gettext_lazy("F1 at an overlap of half"),
}
ALPHA = gettext_lazy("Krippendorff’s alpha")


def measure_name(measure: str) -> str:
    """What a measure is called."""
    return str(MEASURES.get(measure, ALPHA))


def answers_by_day(days: Mapping[date, Effort]) -> Chart | None:
    """Answers and active minutes; nothing of fewer than two days."""
    if len(days) < 2:
        return None
    return Chart(
        title=_("Answers and minutes a day"),
        description=_("%(answers)s answers in %(minutes)s active minutes on %(days)s days.")
        % {
            "answers": sum(row.answers for row in days.values()),
            "minutes": round(sum(row.minutes for row in days.values())),
            "days": len(days),
        },
        x=list(days),
        series=[
            Series(_("Answers"), [row.answers for row in days.values()], role="labels"),
            Series(_("Active minutes"), [round(row.minutes, 1) for row in days.values()], role="people"),
        ],
        kind="bar",
        x_label=_("day"),
    )


def agreement_over_time(title: str, rows: Sequence[Agreement]) -> Chart | None:
    """One question's figure by day with its interval, oldest first; nothing of one day."""
    if len(rows) < 2:
        return None
    last = rows[-1]
    return Chart(
        title=_("Agreement on “%(title)s”") % {"title": title},
        description=_(
            "%(measure)s was %(value)s on the last day, from %(tasks)s tasks; 1 is perfect, 0 is chance."
        )
        % {"measure": measure_name(last.measure), "value": f"{last.value:.2f}", "tasks": last.tasks},
        x=[row.day for row in rows],
        series=[
            Series(
                measure_name(last.measure),
                [round(row.value, 3) for row in rows],
                role="people",
                low=[row.low for row in rows],
                high=[row.high for row in rows],
            )
        ],
        y_max=1,
        x_label=_("day"),
    )


def score_over_time(rows: Sequence[GoldAnswer], window: int, floor: float | None) -> Chart | None:
    """The rolling score of one person after each known answer, oldest first; nothing of fewer than two."""
    if len(rows) < 2:
        return None
    rolling = [mean([row.score for row in rows[max(0, i - window + 1) : i + 1]]) for i in range(len(rows))]
    return Chart(
        title=_("Score on known answers"),
        description=_("The mean of the last %(window)s each time; %(now)s %% now.")
        % {"window": window, "now": round(rolling[-1] * 100)},
        x=[row.at for row in rows],
        series=[Series(_("Score"), [round(value * 100, 1) for value in rolling], role="people")],
        unit="%",
        y_max=100,
        floor=floor,
        floor_label=_("lowest score"),
        x_label=_("answered"),
    )


def mean(values: Sequence[float]) -> float:
    """Of at least one."""
    return sum(values) / len(values)
