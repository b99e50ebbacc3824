"""What was made of answers that are recalled: snapshots, the models that learnt from them, their measures."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from labeling.answers.models import Annotation
from labeling.recall.models import Recall
from projects.streams.models import Project
from slices.runs.lineage import of_snapshots
from slices.snapshots.suspecting import holding
from teams.identity.models import Organization

MOST_LABELS = 100_000  # that are looked for while somebody waits for the page
MOST_SNAPSHOTS = 50


def foresee(project: Project, labels: QuerySet[Annotation]) -> dict[str, Any]:
    """What holds some labels now, by the newest snapshots."""
    pairs = list(labels.values_list("pk", "example_id")[:MOST_LABELS])
    counts = dict(holding(project.organization, pairs, MOST_SNAPSHOTS))
    return used(project.organization, counts) | {"is_done": False, "most": MOST_SNAPSHOTS}


def describe(recall: Recall) -> dict[str, Any]:
    """What a recall has made suspect."""
    marks = recall.organization.suspicions.filter(recall=recall).standing()
    return used(recall.organization, dict(marks.values_list("snapshot", "n"))) | {"is_done": True}


def used(organization: Organization, counts: dict[int, int]) -> dict[str, Any]:
    """The lineage of some snapshots, with how many labels each has of them."""
    said = of_snapshots(organization, counts)
    for row in said["snapshots"]:
        row["n"] = counts[row["id"]]
    rows = organization.evaluations.filter(snapshot__in=counts).select_related("model_version")
    said["evaluations"] = [
        {
            "model": str(row.model_version),
            "snapshot": row.snapshot_id,
            "accuracy": row.metrics.get("accuracy"),
        }
        for row in rows.order_by("-pk")[:MOST_SNAPSHOTS]
    ]
    return said
