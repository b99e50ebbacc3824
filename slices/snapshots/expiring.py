"""The clock's part in keeping snapshots: what an erasure missed is marked, files that nobody needs any more go.

A snapshot's row, hashes and counts stay for ever, and so do the numbers of its members (`blocks`, two bytes each): by
them a later erasure finds it, and takes the values out of its histograms. A file that equal snapshots share stays
while one of them needs it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction

from slices.snapshots import blocks, manifest
from slices.snapshots.evidence import digests_of
from slices.snapshots.exports import forget_exports
from slices.snapshots.files import alone, beside
from slices.snapshots.keeping import Keeping
from slices.snapshots.models import Snapshot
from slices.snapshots.pinning import kept_for, reasons
from slices.snapshots.redactions import mark_one
from slices.snapshots.rows import rows_name
from slices.snapshots.suspecting import suspect_young
from teams.events.actions import record
from teams.identity.models import Organization
from teams.work.jobs import enqueue

AT_ONCE = 50
AGAIN = timedelta(days=1)


def settle_all(at: datetime) -> int:
    """Freshly frozen snapshots are held against the erasures and recalls that ran meanwhile; how many snapshots."""
    fresh = Keeping.objects.filter(is_settled=False).order_by("pk").values_list("pk", flat=True)
    return sum(settle(pk) for pk in list(fresh[:AT_ONCE]))


@transaction.atomic
def settle(keeping_id: int) -> bool:
    """One snapshot, unless another clock is at it: its blocks are there, and what was erased is marked."""
    found = taken(keeping_id, is_settled=False)
    if found is None:
        return False
    snapshot = found.snapshot
    organization = snapshot.organization
    written = organization.manifest_blocks.filter(manifest_sha256=snapshot.manifest_sha256)
    if not written.exists() and default_storage.exists(
        snapshot.manifest_name
    ):  # frozen before there were any
        blocks.index(snapshot, manifest.read(snapshot))
    if mark_one(snapshot):
        enqueue("snapshots.redact", organization=organization, snapshot_id=snapshot.pk)
    suspect_young(snapshot)
    organization.keepings.filter(pk=found.pk).update(is_settled=True)
    return True


def expire_all(at: datetime) -> int:
    """Snapshots that were kept long enough and that nothing pins; how many lost their files."""
    over = Keeping.objects.filter(expired_at=None, look_at__lte=at).order_by("look_at")
    return sum(expire(pk, at) for pk in list(over.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def expire(keeping_id: int, at: datetime) -> bool:
    """One snapshot: it is expired from now on, or looked at again another day. A job takes the files away."""
    found = taken(keeping_id, expired_at=None, look_at__lte=at)
    if found is None:
        return False
    snapshot = found.snapshot
    organization = snapshot.organization
    row = organization.keepings.filter(pk=found.pk)
    over_at = snapshot.built_at + kept_for()
    if over_at > at or reasons(organization, [snapshot.pk]):
        row.update(look_at=max(over_at, at + AGAIN))
        return False
    row.update(expired_at=at)
    record("snapshot.expired", organization=organization, subject=snapshot, by=None)
    enqueue("snapshots.discard", organization=organization, snapshot_id=snapshot.pk)
    return True


def taken(keeping_id: int, **still: Any) -> Keeping | None:
    """A keeping, locked, if it is still like that and nobody else is at it."""
    rows = Keeping.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.select_related("snapshot__organization").filter(pk=keeping_id, **still).first()


def discard(organization: Organization, snapshot_id: int) -> None:
    """Take away the files of an expired snapshot that no other needs. Done again, they are gone already."""
    rows = organization.snapshots.select_related("organization").filter(keeping__expired_at__isnull=False)
    snapshot = rows.filter(pk=snapshot_id).first()
    if snapshot is None:
        return
    forget_exports(snapshot)
    alone(snapshot.manifest_sha256)
    if not needed(snapshot, content_sha256=snapshot.content_sha256):
        for name in (rows_name(snapshot), digests_of(snapshot)):
            remove(name)
    if not needed(snapshot):
        remove(snapshot.manifest_name)


def needed(snapshot: Snapshot, **same: Any) -> bool:
    """Whether a snapshot that has not expired shares what this one has."""
    others = snapshot.organization.snapshots.filter(manifest_sha256=snapshot.manifest_sha256, **same)
    return others.exclude(keeping__expired_at__isnull=False).exists()


def remove(name: str) -> None:
    """A file, and the digest beside it."""
    default_storage.delete(name)
    default_storage.delete(beside(name))
