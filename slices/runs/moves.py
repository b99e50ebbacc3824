"""A run changes its state by the table of moves, and only from where it still is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from slices.runs.models import Run


def sources(state: str) -> list[str]:
    """The states that may become this one."""
    return [source for source, targets in Run.MOVES.items() if state in targets]


def move(run: Run, state: str, **fields: Any) -> bool:
    """The guarded update: False when the run has meanwhile gone where no move leads to this state."""
    rows: QuerySet[Run] = run.organization.runs.filter(pk=run.pk, state__in=sources(state))
    return bool(rows.update(state=state, **fields))


def finish(run: Run, state: str, at: datetime, **fields: Any) -> bool:
    """An end that never changes."""
    return move(run, state, ended_at=at, lease_expires_at=None, **fields)


def requeue(run: Run, available_at: datetime, **fields: Any) -> bool:
    """Another attempt, on the same snapshot, not before then."""
    return move(
        run, Run.State.QUEUED, available_at=available_at, lease_expires_at=None, claim_id="", **fields
    )


def end_attempt(run: Run, outcome: str, error: str, at: datetime) -> None:
    """How the current attempt ended."""
    run.attempts.filter(number=run.attempt, ended_at=None).update(
        ended_at=at, outcome=outcome, error=error[:2000]
    )
