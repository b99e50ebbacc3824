"""How ready a project is, in one panel on its page: the next run, the last one, the gate, the stage."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from projects.streams.models import Project
from slices.schedules.models import Schedule
from slices.schedules.saying import sentence
from slices.schedules.views import last_ticks, late
from teams.access.tenancy import MemberRequest


def readiness(request: MemberRequest, project: Project) -> dict[str, Any]:
    """A panel for `register_panel`; five queries however much there is."""
    return {
        "title": _("How ready it is"),
        "template": "slices/gates/readiness.html",
        "context": {
            "schedules": schedule_lines(project),
            "placements": placement_lines(project),
            "last_run": project.runs.filter(kind="train").order_by("-pk").first(),
        },
    }


def schedule_lines(project: Project) -> list[dict[str, Any]]:
    """When each schedule comes next, and what it decided last; a missing next run is a warning."""
    now = timezone.now()
    rows = list(project.schedules.select_related("organization").order_by("name"))
    last = last_ticks(rows)
    return [
        {
            "schedule": row,
            "state": "overdue" if late(row, now) else row.state,
            "missing": row.state != Schedule.State.ACTIVE or row.next_due_at is None,
            "tick": last.get(row.pk),
            "said": sentence(last[row.pk]) if row.pk in last else "",
        }
        for row in rows
    ]


def placement_lines(project: Project) -> list[dict[str, Any]]:
    """What applies where, and the last word of the gate."""
    decisions = project.decisions.select_related("model_version", "gate").defer("clauses")
    newest = {row.gate.placement_id: row for row in decisions.order_by("gate_id", "-id").distinct("gate_id")}
    rows = project.placements.select_related("model_version").order_by("name")
    return [{"placement": row, "decision": newest.get(row.pk)} for row in rows]
