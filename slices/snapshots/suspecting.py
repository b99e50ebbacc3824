"""Finding the snapshots that hold some answers: by their members first, then by what their manifests say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.core.files.storage import default_storage

from labeling.recall.models import Recall
from slices.snapshots.blocks import memberships
from slices.snapshots.models import Snapshot
from slices.snapshots.redactions import YOUNG
from slices.snapshots.suspicions import Suspicion
from teams.identity.models import Organization

AT_ONCE = 20_000  # examples whose snapshots are asked for in one statement


def suspect(recall: Recall) -> int:
    """Mark every snapshot that holds a label which the recall voided; how many marks are new."""
    organization = recall.organization
    rows = organization.recalled_answers.filter(recall=recall).exclude(is_back=True)
    pairs = list(rows.values_list("annotation", "annotation__example"))
    found = holding(organization, pairs)
    marks = [
        Suspicion(organization_id=organization.pk, recall=recall, snapshot_id=pk, n=n) for pk, n in found
    ]
    return len(organization.suspicions.bulk_create(marks, ignore_conflicts=True))


def holding(
    organization: Organization, pairs: Sequence[tuple[int, int]], most: int | None = None
) -> Iterator[tuple[int, int]]:
    """(snapshot, how many) of those that hold some of these (answer, example), newest first; of `most` candidates."""
    examples = sorted({example for _answer, example in pairs})
    candidates: set[int] = set()
    for start in range(0, len(examples), AT_ONCE):
        some = examples[start : start + AT_ONCE]
        candidates |= {snapshot for snapshot, _example in memberships(organization, some)}
    answers = pa.array(sorted({answer for answer, _example in pairs}), type=pa.int64())
    here = organization.snapshots.filter(pk__in=candidates, keeping__expired_at=None).order_by("-pk")
    for snapshot in here[:most]:
        if n := held_in(snapshot, answers):
            yield snapshot.pk, n


def held_in(snapshot: Snapshot, answers: pa.Array) -> int:
    """How many of some answers are labels in a snapshot; none where its files are gone."""
    if not default_storage.exists(snapshot.manifest_name):
        return 0
    with default_storage.open(snapshot.manifest_name) as file:
        column = pq.read_table(file, columns=["annotation_id"]).column("annotation_id")
    return int(pc.sum(pc.is_in(column, value_set=answers)).as_py() or 0)


def suspect_young(snapshot: Snapshot) -> int:
    """Mark a snapshot that was being frozen while answers were recalled; how many marks are new."""
    organization = snapshot.organization
    recalls = organization.recalls.filter(project=snapshot.project_id, done_at__gt=snapshot.built_at - YOUNG)
    return sum(mark_one(recall, snapshot) for recall in recalls.exclude(state=Recall.State.UNDONE))


def mark_one(recall: Recall, snapshot: Snapshot) -> int:
    """Hold one snapshot against one recall."""
    rows = snapshot.organization.recalled_answers.filter(recall=recall).exclude(is_back=True)
    answers = pa.array(sorted(rows.values_list("annotation", flat=True)), type=pa.int64())
    n = held_in(snapshot, answers)
    if n:
        mark = Suspicion(organization_id=snapshot.organization_id, recall=recall, snapshot=snapshot, n=n)
        snapshot.organization.suspicions.bulk_create([mark], ignore_conflicts=True)
    return int(n > 0)


def suspicions_of(snapshot: Snapshot | None) -> list[dict[str, Any]]:
    """Which recalls put a snapshot in doubt, for scripts and pages."""
    if snapshot is None:
        return []
    marks = snapshot.organization.suspicions.filter(snapshot=snapshot).standing().order_by("recall")
    return [{"recall": row.recall_id, "n": row.n, "at": row.at} for row in marks]
