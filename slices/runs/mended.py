"""Which issues a run mends: those whose new label is in the snapshot that it learns from."""

from __future__ import annotations

from labeling.reviews.models import Issue
from slices.snapshots.grades import Grade
from slices.snapshots.manifest import answers_in
from slices.snapshots.models import Snapshot

MOST = 200  # issues of a project that are looked for; the newest


def mended_in(snapshot: Snapshot | None, grade: Grade | None) -> list[Issue]:
    """The issues whose new label is in a snapshot, newest first; none where its files are gone."""
    if snapshot is None or grade is None or grade.name == "expired":
        return []
    stream = snapshot.slice_version.slice.stream_id
    rows = snapshot.organization.issues.filter(
        example__stream=stream, mended_by__isnull=False, mended_by__accepted_at__lte=snapshot.as_of
    )
    candidates = list(rows.select_related("example").order_by("-pk")[:MOST])
    if not candidates:
        return []
    learnt = answers_in(snapshot, {issue.example_id for issue in candidates})
    return [issue for issue in candidates if learnt.get(issue.example_id) == issue.mended_by_id]
