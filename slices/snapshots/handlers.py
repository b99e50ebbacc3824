"""Freezing at a person's wish, and making files, are jobs: they may take longer than a person waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from slices.snapshots.actions import freeze
from slices.snapshots.building import TooSmall
from slices.snapshots.expiring import discard, expire_all, settle_all
from slices.snapshots.exports import expire, give_up
from slices.snapshots.files import sweep
from slices.snapshots.making import make_by_job
from slices.snapshots.redacting import redact
from slices.snapshots.suspecting import suspect
from teams.events.actions import record
from teams.identity.models import Organization
from teams.work.clock import due
from teams.work.jobs import after, job


@job("snapshots.freeze", long=True, repeatable_read=True)
def freeze_slice(
    organization: Organization,
    slice_id: int,
    version_id: int,
    role: str,
    as_of: str,
    by_id: int,
    values: dict[str, Any] | None = None,
) -> None:
    """Freeze one version of a slice; one that has become too small says so on the slice."""
    versions = organization.slice_versions.select_related("slice__stream", "slice__project", "organization")
    version = versions.get(pk=version_id, slice=slice_id)
    membership = organization.memberships.select_related("user").filter(user=by_id).first()
    by = membership.user if membership else None
    try:
        at = datetime.fromisoformat(as_of)
        freeze(slice_version=version, role=role, as_of=at, values=values or {}, by=by)
    except TooSmall as small:
        found = small.funnel[-1]["n"]
        record("snapshot.refused", organization=organization, subject=version.slice, by=by, members=found)


@job("snapshots.export", long=True)
def export_snapshot(organization: Organization, export_id: int) -> None:
    """Make the files of an export."""
    make_by_job(organization, export_id)


@job("snapshots.redact", long=True)
def redact_snapshot(organization: Organization, snapshot_id: int) -> None:
    """Take what was erased while a snapshot was being frozen out of its files."""
    redact(organization.snapshots.select_related("organization").get(pk=snapshot_id))


@after("answers.recalled", name="snapshots.suspect", long=True)
def suspect_snapshots(organization: Organization, event_id: int) -> None:
    """Snapshots that hold recalled answers are marked, and whoever hears of events is told how many."""
    event = organization.events.filter(pk=event_id).values("subject_id")
    recall = organization.recalls.select_related("organization").filter(pk__in=event).first()
    if recall is not None and (n := suspect(recall)):
        record("snapshots.suspected", organization=organization, subject=recall, by=None, snapshots=n)


@job("snapshots.discard", long=True)
def discard_snapshot(organization: Organization, snapshot_id: int) -> None:
    """Take the files of an expired snapshot away."""
    discard(organization, snapshot_id)


@due("snapshots")
def look_after_snapshots(at: datetime) -> int:
    """Fresh ones are held against erasures, old ones that nothing needs expire."""
    return settle_all(at) + expire_all(at)


@due("exports")
def put_exports_away(at: datetime) -> int:
    """What was kept long enough goes, what has failed says so, what a killed process left is swept."""
    return expire(at) + give_up(at) + sweep(at)
