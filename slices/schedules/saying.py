"""How a schedule and its decisions are said to people, one line each."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slices.schedules.models import Schedule, Tick
from teams.desk.numbers import duration, number


def sentence(tick: Tick) -> str:
    """What was decided, with the numbers: "skipped: 41 new labels, needs 50"."""
    words = why(tick)
    if tick.verdict == Tick.Verdict.FIRED:
        return _("fired: %(why)s") % {"why": words} if words else _("fired")
    return _("skipped: %(why)s") % {"why": words}


def why(tick: Tick) -> str:
    """The reason of a tick in words; a fired one without a condition needs none."""
    facts = tick.facts
    match tick.reason:
        case "min_new":
            return new_labels(facts)
        case "due":
            return new_labels(facts) if "new" in facts else ""
        case "run_now":
            return _("run out of turn")
        case "overlap":
            return _("run %(run)s was still under way") % {"run": facts.get("run")}
        case "missed" if "count" in facts:
            form = (
                _("at least %(n)s more missed while nobody looked")
                if facts.get("at_least")
                else _("%(n)s more missed while nobody looked")
            )
            return form % {"n": number(facts["count"])}
        case "missed":
            return _("missed while nobody looked")
        case "database":
            return _("the database did not answer in time")
    return tick.reason.replace("_", " ")


def new_labels(facts: dict[str, int]) -> str:
    """The count against what was asked for."""
    new, needs = facts.get("new", 0), facts.get("needs", 0)
    counted = ngettext("%(new)s new label", "%(new)s new labels", new) % {"new": number(new)}
    return _("%(counted)s, needs %(needs)s") % {"counted": counted, "needs": number(needs)}


def rhythm(schedule: Schedule) -> str:
    """When it is due, as it was written."""
    if schedule.every_s:
        return _("every %(duration)s") % {"duration": duration(schedule.every_s)}
    return _("%(cron)s in %(zone)s") % {"cron": schedule.cron, "zone": schedule.time_zone}
