"""What keeps a snapshot's files: a person's pin with a reason, or that something was made of it or is being made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from slices.snapshots.keeping import Pin
from slices.snapshots.models import Snapshot
from teams.events.actions import record
from teams.identity.models import Organization, User
from teams.identity.refused import Refused

Reason = str | Promise
# {snapshot: why} for those of some snapshots that a higher room needs; filled when the app is ready.
Pinner = Callable[[Organization, Sequence[int]], dict[int, Reason]]
_pinners: dict[str, Pinner] = {}


def kept_for() -> timedelta:
    """How long the files of a snapshot that nothing pins are kept."""
    return timedelta(days=settings.SLUICE_SNAPSHOT_DAYS)


def register_pinner(name: str, pinner: Pinner) -> None:
    """Let a room say which snapshots it needs; called when the app is ready."""
    _pinners[name] = pinner


def reasons(organization: Organization, snapshot_ids: Sequence[int]) -> dict[int, list[Reason]]:
    """Why each of these snapshots is kept; those that nothing keeps are not in it."""
    found: defaultdict[int, list[Reason]] = defaultdict(list)
    held = organization.pins.filter(snapshot__in=snapshot_ids, released_at=None).order_by("pk")
    for snapshot_id, reason in held.values_list("snapshot", "reason"):
        found[snapshot_id].append(reason)
    for snapshot_id, whys in needs(organization, snapshot_ids).items():
        found[snapshot_id] += whys
    return dict(found)


def needs(organization: Organization, snapshot_ids: Sequence[int]) -> dict[int, list[Reason]]:
    """What needs each of these snapshots by itself, without anybody's pin."""
    found: defaultdict[int, list[Reason]] = defaultdict(list)
    for pinner in _pinners.values():
        for snapshot_id, why in pinner(organization, snapshot_ids).items():
            found[snapshot_id].append(why)
    return dict(found)


def check_pin(snapshot: Snapshot) -> None:
    """What is gone cannot be kept."""
    if snapshot.organization.keepings.filter(snapshot=snapshot, expired_at__isnull=False).exists():
        raise Refused(_("Its files are gone already; only hashes and counts are left."))


def held_for(snapshot: Snapshot, reason: str) -> Pin | None:
    """The pin that keeps a snapshot for this reason, if there is one."""
    return snapshot.organization.pins.filter(snapshot=snapshot, reason=reason, released_at=None).first()


@transaction.atomic
def pin(*, snapshot: Snapshot, reason: str, by: User) -> Pin:
    """Keep a snapshot until somebody lets it go. The same reason again is the same pin."""
    organization = snapshot.organization
    organization.keepings.select_for_update().filter(
        snapshot=snapshot
    ).first()  # the clock waits, or was first
    check_pin(snapshot)
    held = held_for(snapshot, reason)
    if held is not None:
        return held
    row = organization.pins.create(snapshot=snapshot, reason=reason, by=by)
    record("snapshot.pinned", organization=organization, subject=snapshot, by=by, pin=row.pk)
    return row


@transaction.atomic
def release(*, pin: Pin, by: User) -> None:
    """Let a snapshot go: from now on it is kept only as long as something else needs it."""
    organization, now = pin.organization, timezone.now()
    if organization.pins.filter(pk=pin.pk, released_at=None).update(released_at=now, released_by=by):
        organization.keepings.filter(snapshot=pin.snapshot_id).update(look_at=now)
        record("snapshot.released", organization=organization, subject=pin.snapshot, by=by, pin=pin.pk)


def check_held(snapshot: Snapshot) -> None:
    """Only what somebody pinned can be let go."""
    if not snapshot.organization.pins.filter(snapshot=snapshot, released_at=None).exists():
        raise Refused(_("Nobody has pinned it."))


@transaction.atomic
def release_all(*, snapshot: Snapshot, by: User) -> None:
    """Take off every pin of a snapshot."""
    check_held(snapshot)
    rows = snapshot.organization.pins.filter(snapshot=snapshot, released_at=None)
    for row in rows.select_related("organization", "snapshot").order_by("pk"):
        release(pin=row, by=by)
