"""What moves schedules: the clock, and runs that ended well."""

from __future__ import annotations

from slices.schedules.actions import move_watermark, tick
from teams.events.actions import on
from teams.events.models import Event
from teams.work.clock import due

due("schedules")(tick)


@on("run.succeeded")
def count_from_here(event: Event) -> None:
    """New labels are counted from the last good run on.

    In the transaction that ends the run: as a job it left a moment, as long as the worker was away, in which
    a tick saw neither a run under way nor its labels counted, and fired again for the same labels.
    """
    runs = event.organization.runs.select_related("snapshot", "organization")
    move_watermark(run=runs.get(pk=event.subject_id or 0))
