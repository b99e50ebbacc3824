"""Schedules: make, pause, resume, run out of turn; what the clock does with them is `tick`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.streams.models import Project
from slices.definitions.models import Slice, SliceVersion
from slices.runs.models import Run
from slices.schedules import cron, ticking
from slices.schedules.models import Schedule, Tick
from slices.schedules.ticking import tick
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

__all__ = ["create_schedule", "move_watermark", "pause", "resume", "run_now", "tick"]


@transaction.atomic
def create_schedule(
    *,
    project: Project,
    name: str,
    slice: Slice,
    eval_slice: Slice,
    model_name: str,
    cron: str = "",
    every_s: int | None = None,
    time_zone: str = "UTC",
    min_new: int = 0,
    pool: str = "default",
    params: dict[str, Any] | None = None,
    by: User | None,
) -> Schedule:
    """Freeze `slice` in this rhythm and have `model_name` trained on it; `eval_slice` is what it is held to."""
    schedule = Schedule(
        organization=project.organization,
        project=project,
        name=name,
        slice=slice,
        eval_slice=eval_slice,
        model_name=model_name,
        cron=cron,
        every_s=every_s,
        time_zone=time_zone,
        min_new=min_new,
        pool=pool,
        params=params or {},
    )
    check_create(schedule)
    schedule.next_due_at = first_due(schedule, schedule.created_at)
    schedule.save(force_insert=True)
    record("schedule.created", organization=project.organization, subject=schedule, by=by)
    return schedule


@transaction.atomic
def pause(*, schedule: Schedule, reason: str = "", by: User | None) -> None:
    """Nothing is due until it is resumed."""
    row = locked(schedule)
    check_pause(row)
    change(row, state=Schedule.State.PAUSED, state_reason=reason.strip()[:300], next_due_at=None)
    record("schedule.paused", organization=row.organization, subject=row, by=by)
    schedule.refresh_from_db()


@transaction.atomic
def resume(*, schedule: Schedule, by: User | None) -> None:
    """Due again from the next time on; nothing that was missed meanwhile fires."""
    row = locked(schedule)
    check_resume(row)
    due = first_due(row, timezone.now())
    change(row, state=Schedule.State.ACTIVE, state_reason="", next_due_at=due)
    record("schedule.resumed", organization=row.organization, subject=row, by=by)
    schedule.refresh_from_db()


@transaction.atomic
def run_now(*, schedule: Schedule, by: User | None) -> Tick:
    """A run on the slice as of this moment; the rhythm goes on as if nothing had been."""
    row = locked(schedule)
    check_run_now(row)
    now = timezone.now()
    version, held_out = newest_version(row.slice), newest_version(row.eval_slice)
    run = ticking.request(row, version, held_out, as_of=now, by=by)
    done = row.organization.ticks.create(
        schedule=row, scheduled_for=now, verdict=Tick.Verdict.FIRED, reason="run_now", run=run
    )
    record("schedule.run_now", organization=row.organization, subject=row, by=by, run=run.pk)
    return done


@transaction.atomic
def move_watermark(*, run: Run, by: User | None = None) -> None:
    """After a good run its schedule counts new labels from that run's snapshot on; it never moves back."""
    if run.state != Run.State.SUCCEEDED or run.snapshot is None:
        return
    for row in run.organization.schedules.filter(ticks__run=run).select_for_update(of=("self",)):
        if row.watermark_at is None or row.watermark_at < run.snapshot.as_of:
            change(row, watermark_at=run.snapshot.as_of)


def check_create(schedule: Schedule) -> None:
    """Its slices are of its project, its name is free, its rhythm can be followed."""
    if {schedule.slice.project_id, schedule.eval_slice.project_id} != {schedule.project_id}:
        raise Refused(_("Both slices must be of this project."), status=422)
    if schedule.organization.schedules.filter(project=schedule.project_id, name=schedule.name).exists():
        raise Refused(_("This project already has a schedule with this name."))
    cron.check_rhythm(schedule, timezone.now())


def check_pause(schedule: Schedule) -> None:
    """Only what runs can be paused."""
    if schedule.state != Schedule.State.ACTIVE:
        raise Refused(_("This schedule is not running."))


def check_resume(schedule: Schedule) -> None:
    """Only what stands can be resumed, and only with a rule that can be followed."""
    if schedule.state == Schedule.State.ACTIVE:
        raise Refused(_("This schedule is running already."))
    cron.check_rhythm(schedule, timezone.now())


def check_run_now(schedule: Schedule) -> None:
    """One run of a schedule at a time."""
    if ticking.busy([schedule.pk]):
        raise Refused(_("A run of this schedule is still under way."))


def newest_version(slice_: Slice) -> SliceVersion:
    """What a slice means now."""
    version = slice_.versions.order_by("-version").first()
    if version is None:
        raise Refused(_("The slice “%(name)s” says nothing yet.") % {"name": slice_.name})
    return version


def first_due(schedule: Schedule, moment: datetime) -> datetime:
    """The first due time after a moment."""
    return cron.next_after(schedule, moment)


def locked(schedule: Schedule) -> Schedule:
    """The row as it is now, held against the clocks until the end of the transaction."""
    rows = schedule.organization.schedules.select_for_update(of=("self",))
    return rows.select_related("organization", "slice", "eval_slice").get(pk=schedule.pk)


def change(schedule: Schedule, **values: Any) -> None:
    """Write some columns of one schedule."""
    schedule.organization.schedules.filter(pk=schedule.pk).update(**values)
