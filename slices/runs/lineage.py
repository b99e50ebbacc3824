"""Where examples were used: the snapshots that held them, and the models that learnt from those."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from projects.erasure.models import Erasure
from slices.snapshots.blocks import snapshots_with
from slices.snapshots.grades import grade_of, graded
from slices.snapshots.models import Snapshot
from teams.identity.models import Organization

MOST = 1000  # of each list; newest first


def of_example(organization: Organization, example_id: int) -> dict[str, Any]:
    """Every snapshot that an example was a member of, and what was made of them; also when it is erased."""
    return of_snapshots(organization, snapshots_with(organization, example_id))


def of_erasure(erasure: Erasure) -> dict[str, Any]:
    """The same for all examples of an erasure, by the marks that it left."""
    organization = erasure.organization
    gone = erasure.tombstones.values("example_id")
    marks = organization.redactions.filter(example_id__in=gone).values_list("snapshot", flat=True)
    return of_snapshots(organization, set(marks))


def of_snapshots(organization: Organization, snapshot_ids: Collection[int]) -> dict[str, Any]:
    """Some snapshots, the models that learnt from them, and where those are in use."""
    rows = graded(organization.snapshots.filter(pk__in=snapshot_ids))
    shown = rows.select_related("slice_version__slice").order_by("-pk")[:MOST]
    runs = organization.runs.filter(snapshot__in=snapshot_ids, model_version__isnull=False)
    learnt = runs.order_by("-pk").values_list(
        "model_version", "model_version__name", "model_version__version", "pk", "snapshot"
    )
    models = [dict(zip(MODEL, row, strict=True)) for row in learnt[:MOST]]
    live = organization.placements.filter(model_version__in=runs.values("model_version"))
    places = live.order_by("pk").values_list("pk", "slug", "stage", "model_version")
    return {
        "snapshots": snapshots_out(shown),
        "model_versions": models,
        "placements": [dict(zip(PLACE, row, strict=True)) for row in places[:MOST]],
    }


MODEL = ("id", "name", "version", "run", "snapshot")
PLACE = ("id", "placement", "stage", "model_version")


def snapshots_out(rows: QuerySet[Snapshot]) -> list[dict[str, Any]]:
    """Snapshots as a lineage names them."""
    return [
        {
            "id": row.pk,
            "slice": row.slice_version.slice.slug,
            "version": row.slice_version.version,
            "role": row.role,
            "as_of": row.as_of.isoformat(),
            "grade": str(grade_of(row)),
        }
        for row in rows
    ]
