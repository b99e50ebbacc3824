"""What the clock does at the door of machines."""

from __future__ import annotations

from datetime import datetime

from teams.access.idempotency import prune
from teams.work.clock import due


@due("stored-answers")
def forget_answers(at: datetime) -> int:
    """Answers to calls with an Idempotency-Key are kept for a day."""
    return prune(at)
