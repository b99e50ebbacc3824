"""Members that were erased: marked with the erasure, left out of every read, then out of every file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from slices.snapshots.blocks import HOLDING_ANY, asked, memberships
from slices.snapshots.keeping import Redaction
from slices.snapshots.models import Snapshot
from teams.work.erasing import Doomed

YOUNG = timedelta(hours=1)

MARK = f"""
INSERT INTO slices_redaction (organization_id, snapshot_id, example_id, is_removed, at)
SELECT %(organization)s, held.snapshot, held.example, false, now()
FROM ({HOLDING_ANY}) AS held (snapshot, example)
ON CONFLICT (snapshot_id, example_id) DO NOTHING
"""  # noqa: S608 - our own text
# Of one snapshot: which of its members were erased, whether or not anybody has marked them yet.
ERASED = """
SELECT gone.example_id FROM projects_tombstone gone
JOIN slices_manifestblock held ON held.organization_id = %(organization)s
    AND held.manifest_sha256 = %(manifest)s AND held.block = gone.example_id >> 16
    AND ((gone.example_id & 65535) - 32768)::smallint = ANY(held.lows)
WHERE gone.organization_id = %(organization)s
"""


def mark(doomed: Doomed) -> int:
    """Say of every snapshot which of its members are erased; how many marks are new."""
    with connection.cursor() as cursor:
        cursor.execute(MARK, asked(doomed.organization, doomed.example_ids))
        return int(cursor.rowcount)


def count_snapshots(doomed: Doomed) -> int:
    """How many snapshots would be marked."""
    found = memberships(doomed.organization, doomed.example_ids)
    return len({snapshot_id for snapshot_id, _example in found})


def erased_in(snapshot: Snapshot) -> set[int]:
    """Members of a snapshot that were erased, by what the erasures say."""
    values: dict[str, Any] = {
        "organization": snapshot.organization_id,
        "manifest": snapshot.manifest_sha256,
    }
    with connection.cursor() as cursor:
        cursor.execute(ERASED, values)
        return {pk for (pk,) in cursor.fetchall()}


def left_out(snapshot: Snapshot) -> set[int]:
    """Which members nobody is shown any more.

    One that was erased while the snapshot was being frozen is marked a moment later; until then the tombstones say so.
    """
    rows = snapshot.organization.redactions.filter(snapshot=snapshot)
    marked = set(rows.values_list("example_id", flat=True))
    is_young = snapshot.built_at > timezone.now() - YOUNG
    return marked | erased_in(snapshot) if is_young else marked


def mark_one(snapshot: Snapshot) -> int:
    """Mark what was erased while a snapshot was being frozen; how many members."""
    missing = erased_in(snapshot)
    rows = (
        Redaction(organization_id=snapshot.organization_id, snapshot=snapshot, example_id=pk)
        for pk in sorted(missing)
    )
    snapshot.organization.redactions.bulk_create(rows, ignore_conflicts=True)
    return len(missing)
