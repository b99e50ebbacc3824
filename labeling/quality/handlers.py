"""What the clock does for figures about people."""

from __future__ import annotations

from datetime import datetime

from labeling.quality import declaring, feedback
from labeling.quality.forgetting import forget
from labeling.quality.measuring import plan
from teams.work.clock import due

assert declaring
assert feedback  # it and what it stands on make themselves known by being imported


@due("figures")
def forget_figures(at: datetime) -> int:
    """What is older than the organization keeps is erased."""
    return forget(at)


@due("agreement")
def plan_agreement(at: datetime) -> int:
    """Queues whose figures of agreement are an hour old get new ones."""
    return plan(at)
