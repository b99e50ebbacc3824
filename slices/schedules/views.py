"""The pages of schedules: which there are, when they are due, what they decided and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.streams.doors import can, do, open_project, why_refused
from projects.streams.models import Project
from slices.schedules import actions, cron
from slices.schedules.models import Schedule, Tick
from slices.schedules.saying import rhythm, sentence
from teams.access.addressed import older
from teams.access.tenancy import MemberRequest, member_page

SHOWN = 50
LATE = timedelta(minutes=1)


@require_safe
@member_page("projects.view_project")
def schedules(request: MemberRequest, project: str) -> HttpResponse:
    """All schedules of a project with their last decision; a constant number of queries."""
    place = open_project(request, project)
    rows = list(schedules_of(place))
    last = last_ticks(rows)
    now = timezone.now()
    lines = [
        {"schedule": row, "rhythm": rhythm(row), "last": said(last.get(row.pk)), "late": late(row, now)}
        for row in rows
    ]
    return render(request, "slices/schedules/schedules.html", {"project": place, "rows": lines})


@require_safe
@member_page("projects.view_project")
def schedule(request: MemberRequest, project: str, schedule: int) -> HttpResponse:
    """One schedule: when it comes next, and the log of its decisions."""
    place = open_project(request, project)
    row = get_object_or_404(schedules_of(place), pk=schedule)
    before = request.GET.get("before", "")
    ticks = row.ticks.select_related("run").order_by("-scheduled_for", "-id")
    found = list(older(ticks, request.GET)[: SHOWN + 1])
    context = {
        "project": place,
        "schedule": row,
        "rhythm": rhythm(row),
        "late": late(row, timezone.now()),
        "times": next_times(row),
        "log": [
            {"tick": tick, "said": sentence(tick), "local": local(row, tick.scheduled_for)}
            for tick in found[:SHOWN]
        ],
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
        "newest_url": "?" if before else "",
        "stats": stats(row),
        "can_manage": can(request, "projects.manage_project", place),
        "why_not_now": why_refused(actions.check_run_now, row),
        "others": others(place, row),
    }
    return render(request, "slices/schedules/schedule.html", context)


@require_POST
@member_page("projects.manage_project")
def pause(request: MemberRequest, project: str, schedule: int) -> HttpResponse:
    """Nothing is due until it is resumed."""
    row = to_change(request, project, schedule)
    return do(request, _("Paused."), lambda: actions.pause(schedule=row, by=request.user), address(row))


@require_POST
@member_page("projects.manage_project")
def resume(request: MemberRequest, project: str, schedule: int) -> HttpResponse:
    """Due again from the next time on."""
    row = to_change(request, project, schedule)
    said = _("Running again. Nothing that was missed is made up for.")
    return do(request, said, lambda: actions.resume(schedule=row, by=request.user), address(row))


@require_POST
@member_page("projects.manage_project")
def run_now(request: MemberRequest, project: str, schedule: int) -> HttpResponse:
    """A run out of turn."""
    row = to_change(request, project, schedule)
    said = _("A run was asked for. The next one comes when it would have come anyway.")
    return do(request, said, lambda: actions.run_now(schedule=row, by=request.user), address(row))


def to_change(request: MemberRequest, project: str, schedule: int) -> Schedule:
    """The schedule of the address, for a manager of its project."""
    place = open_project(request, project, "projects.manage_project")
    return get_object_or_404(schedules_of(place), pk=schedule)


def schedules_of(project: Project) -> models.QuerySet[Schedule]:
    """With all that a line says."""
    return project.schedules.select_related("organization", "project", "slice", "eval_slice").order_by("name")


def address(schedule: Schedule) -> str:
    """The page of a schedule."""
    return reverse(
        "schedule",
        kwargs={
            "organization": schedule.organization.slug,
            "project": schedule.project.slug,
            "schedule": schedule.pk,
        },
    )


def last_ticks(rows: list[Schedule]) -> dict[int, Tick]:
    """The newest decision of each, in one query."""
    if not rows:
        return {}
    ticks = rows[0].organization.ticks.filter(schedule__in=rows)
    newest = ticks.order_by("schedule_id", "-scheduled_for").distinct("schedule_id")
    return {tick.schedule_id: tick for tick in newest}


def said(tick: Tick | None) -> dict[str, Any] | None:
    """A decision as a list shows it."""
    return None if tick is None else {"tick": tick, "said": sentence(tick)}


def late(schedule: Schedule, now: datetime) -> bool:
    """Due for a minute and nobody looked: the clock does not run."""
    due = schedule.next_due_at
    return schedule.state == Schedule.State.ACTIVE and due is not None and now - due > LATE


def next_times(schedule: Schedule) -> list[dict[str, Any]]:
    """The next five due times, in the schedule's own zone."""
    if schedule.state != Schedule.State.ACTIVE or schedule.next_due_at is None:
        return []
    times = [schedule.next_due_at, *cron.following(schedule, schedule.next_due_at, 4)]
    return [{"at": at, "local": local(schedule, at)} for at in times]


def local(schedule: Schedule, moment: datetime) -> str:
    """A due time on the schedule's own clock, to the second where the rhythm is that fast."""
    form = _("j M H:i:s") if schedule.every_s and schedule.every_s % 60 else _("j M H:i")
    return date_format(moment.astimezone(cron.zone_or_utc(schedule.time_zone)), form)


def stats(schedule: Schedule) -> dict[str, Any]:
    """The strip: fired and skipped so far, and the last run."""
    fired = models.Count("pk", filter=models.Q(verdict=Tick.Verdict.FIRED))
    skipped = models.Count("pk", filter=models.Q(verdict=Tick.Verdict.SKIPPED))
    good = models.Count("pk", filter=models.Q(run__state="succeeded"))
    last = models.Max("scheduled_for", filter=models.Q(verdict=Tick.Verdict.FIRED))
    return schedule.ticks.aggregate(fired=fired, skipped=skipped, good=good, last=last)


def others(project: Project, schedule: Schedule) -> list[Schedule]:
    """What its rounds can well be laid beside: schedules held to the same slice."""
    same = project.schedules.filter(eval_slice=schedule.eval_slice_id).exclude(model_name=schedule.model_name)
    return list(same.order_by("name"))
