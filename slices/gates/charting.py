"""The rounds of a schedule as a chart, and in the one sentence that nobody should have to look for."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slices.gates.rounds import Round
from teams.desk.charts import Chart, Series
from teams.desk.numbers import number, percent

LISTED = 8


def accuracy_chart(rounds: Sequence[Round], name: str, beside: str | None) -> Chart | None:
    """Held-out accuracy over labels spent, one point a round; None until a round was evaluated."""
    shown = [row for row in rounds if row.accuracy is not None]
    if not shown:
        return None
    own = [in_percent(row.accuracy) for row in shown]
    other = [in_percent(row.accuracy_random_labels) for row in shown]
    series = [Series(name, own, role="model")]
    if beside is not None:
        series.append(Series(_("%(name)s, drawn by lot") % {"name": beside}, other, role="baseline"))
    lowest = min(value for value in own + other if value is not None)
    return Chart(
        title=_("Held-out accuracy over labels spent"),
        description=described(shown),
        x=[row.labels for row in shown],
        series=series,
        x_label=_("Labels"),
        y_label=_("Accuracy"),
        unit="%",
        y_min=max(0, lowest // 10 * 10),
        y_max=100,
    )


def described(rounds: Sequence[Round]) -> str:
    """What the chart shows, for who cannot see it."""
    first, last = rounds[0], rounds[-1]
    return _("From %(first)s with %(few)s labels to %(last)s with %(many)s, over %(n)s rounds.") % {
        "first": percent(first.accuracy, 1),
        "last": percent(last.accuracy, 1),
        "few": number(first.labels),
        "many": number(last.labels),
        "n": number(len(rounds)),
    }


def loss_sentence(rounds: Sequence[Round]) -> str:
    """Where labels drawn by lot gave the better model; empty where they never did."""
    lost = [row for row in rounds if row.chance_better]
    if not lost:
        return ""
    which = ", ".join(str(row.round) for row in lost[:LISTED]) + (" …" if len(lost) > LISTED else "")
    form = ngettext(
        "In round %(which)s labels drawn by lot gave the better model, by %(most)s points.",
        "In rounds %(which)s labels drawn by lot gave the better model, by up to %(most)s points.",
        len(lost),
    )
    most = max(-(row.gain or 0) for row in lost) * 100
    return form % {"which": which, "most": number(most, 1)}


def win_sentence(compared: Sequence[Round]) -> str:
    """That the choice never lost; empty where there was nothing to compare, or it did."""
    if not compared or any(row.chance_better for row in compared):
        return ""
    form = ngettext(
        "In the one round compared, the choice did at least as well as chance.",
        "In all %(n)s rounds compared, the choice did at least as well as chance.",
        len(compared),
    )
    return form % {"n": number(len(compared))}


def in_percent(share: float | None) -> float | None:
    """For the axis."""
    return None if share is None else round(share * 100, 2)
