"""How long answers take in a queue: the middle one of those that were given last."""

from __future__ import annotations

import statistics

from labeling.queues.models import Queue
from labeling.queues.replaying import PACES

LAST = 200
ENOUGH = 20


def pace(queue: Queue) -> float | None:
    """Seconds an answer takes, the median of the last ones whose time is known; None while there are too few."""
    timed = queue.organization.annotations.filter(queue=queue, active_s__gt=0)
    newest = timed.order_by("-at").values_list("active_s", flat=True)[:LAST]
    seconds = [row for row in newest if row is not None]
    return statistics.median(seconds) if len(seconds) >= ENOUGH else None


PACES.append(pace)
