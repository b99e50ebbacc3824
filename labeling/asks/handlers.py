"""Asks hear of accepted answers, and end when their time is up."""

from __future__ import annotations

from datetime import datetime

from labeling.answers.actions import TOO_LATE
from labeling.asks.actions import answer, is_late, past_deadline, settle
from labeling.asks.models import Ask
from labeling.tasks.models import SelectedBy
from teams.events.actions import on
from teams.events.models import Event
from teams.work.clock import due

TOO_LATE.append(is_late)


@on("annotation.accepted")
def answered(event: Event) -> None:
    """In the transaction that accepted it."""
    if event.data["selected_by"] == SelectedBy.ASK:
        answer(annotation=event.organization.annotations.get(pk=event.subject_id or 0))


@due("asks")
def overdue(at: datetime) -> int:
    """Asks that nobody reads end at their deadline too."""
    return sum(settle(ask=row).state == Ask.State.TIMED_OUT for row in past_deadline(at))
