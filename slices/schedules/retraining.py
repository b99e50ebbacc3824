"""What a recall is told of on higher floors: what is suspect, and the schedules that would make it anew."""

from __future__ import annotations

from typing import Any

from labeling.recall.models import Recall
from labeling.recall.uses import Use
from slices.runs.suspects import describe, foresee


def offered(recall: Recall) -> dict[str, Any]:
    """What is suspect by a recall, with the schedules that train on its slices."""
    said = describe(recall)
    slices = {row["slice"] for row in said["snapshots"]}
    rows = recall.organization.schedules.filter(project=recall.project_id, slice__slug__in=slices)
    return said | {"schedules": list(rows.order_by("name", "pk"))}


RECALLED = Use(foresee, offered, "slices/schedules/retraining.html")
