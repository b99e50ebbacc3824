"""What the clock does for the ground floor."""

from __future__ import annotations

from datetime import datetime

from teams.events.sealing import seal
from teams.work.clock import due
from teams.work.sweeping import Turns

due("files")(Turns())


@due("audit")
def seal_audit(at: datetime) -> int:
    """Events that were committed get their place in the chain."""
    return seal()
