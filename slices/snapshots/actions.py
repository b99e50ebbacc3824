"""Freezing a slice: read, hashed, stored and recorded in one transaction that sees one instant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import SerializationFailure

from projects.conditions.canonical import dumps
from projects.streams.retention import hold_examples
from slices.definitions.actions import current
from slices.definitions.members import NONE, Values, members
from slices.definitions.models import Slice, SliceVersion
from slices.snapshots.building import TooSmall, build, least
from slices.snapshots.models import Snapshot
from slices.snapshots.pinning import kept_for
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused
from teams.work.jobs import enqueue
from teams.work.models import Job

TRIES = 3


def check_role(slice_version: SliceVersion, role: str) -> None:
    """Nothing is trained on what models are tested on, and nothing is tested on what they were trained on."""
    if role == Snapshot.Role.TRAIN and "test" in slice_version.splits:
        sentence = _("This slice takes test examples; nothing may be trained on them.")
        raise Refused(sentence, "test_split_in_training", 422)
    if role == Snapshot.Role.EVAL and "train" in slice_version.splits:
        sentence = _("This slice takes training examples; a model would be tested on what it learnt.")
        raise Refused(sentence, "train_split_in_evaluation", 422)


def role_of(slice_version: SliceVersion) -> str:
    """A slice of training examples is frozen for training, any other for evaluation."""
    return Snapshot.Role.TRAIN if "train" in slice_version.splits else Snapshot.Role.EVAL


@transaction.atomic
def request_freeze(*, slice: Slice, values: Values = NONE, by: User) -> Job:
    """Freeze a slice, or a family's child, as it is now, in a job. What it comes to is an event of one of them."""
    version = current(slice)
    there = members(version, timezone.now(), values).order_by()[: least(version)].count()
    check_freeze(version, there, values)
    return enqueue(
        "snapshots.freeze",
        organization=slice.organization,
        slice_id=slice.pk,
        version_id=version.pk,
        role=role_of(version),
        as_of=timezone.now().isoformat(),
        values=dict(values),
        by_id=by.pk,
    )


def check_values(slice_version: SliceVersion, values: Values) -> None:
    """A family is frozen child by child."""
    if set(values) != set(slice_version.params):
        raise Refused(_("This is a family: freeze one of its children."), "needs_values", 422)


def check_freeze(slice_version: SliceVersion, n: int, values: Values = NONE) -> None:
    """Whether a slice that has `n` members now can be frozen by hand, for what it is for."""
    check_role(slice_version, role_of(slice_version))
    check_values(slice_version, values)
    if being_frozen(slice_version.slice, values):
        raise Refused(_("It is being frozen already."))
    if n < least(slice_version):
        raise TooSmall(least(slice_version), [{"step": "limit", "n": n}])


def being_frozen(slice: Slice, values: Values = NONE) -> bool:
    """Whether a job is at it, or about to be."""
    states = (Job.State.QUEUED, Job.State.RUNNING)
    jobs = slice.organization.jobs.filter(state__in=states, kind="snapshots.freeze")
    return jobs.filter(args__slice_id=slice.pk, args__values=dict(values)).exists()


def known(slice_version: SliceVersion, role: str, as_of: datetime, values: Values = NONE) -> Snapshot | None:
    """The snapshot of this instant, if it has been frozen."""
    return slice_version.organization.snapshots.filter(**instant(slice_version, role, as_of, values)).first()


def instant(slice_version: SliceVersion, role: str, as_of: datetime, values: Values = NONE) -> dict[str, Any]:
    """What makes two snapshots the same one; `values` are those of a family's child."""
    keys = {"slice_version": slice_version, "as_of": as_of, "role": role}
    return keys | {"params_sha256": digest_of(values)}


def digest_of(values: Values) -> str:
    """SHA-256 over the canonical JSON of a child's values; that of {} for a slice that is no family."""
    return hashlib.sha256(dumps(dict(values)).encode()).hexdigest()


def freeze_now(
    *, slice_version: SliceVersion, role: str, as_of: datetime, values: Values = NONE, by: User | None
) -> Snapshot:
    """Freeze in a transaction of its own, which sees one instant; inside another only if that does too.

    If somebody else freezes the same instant meanwhile, theirs is the snapshot. Raises TooSmall, Refused.
    """
    for left in reversed(range(TRIES)):
        try:
            with one_instant():
                return freeze(slice_version=slice_version, role=role, as_of=as_of, values=values, by=by)
        except (IntegrityError, OperationalError) as error:
            known_now = known(slice_version, role, as_of, values) if not connection.in_atomic_block else None
            if connection.in_atomic_block or not left or not (known_now or is_clash(error)):
                raise
    raise AssertionError("the last try returns or raises")


def is_clash(error: Exception) -> bool:
    """Whether an equal snapshot of another slice was written meanwhile; the next try finds its files."""
    return isinstance(error.__cause__, SerializationFailure)


@contextmanager
def one_instant() -> Iterator[None]:
    """A transaction whose every statement sees the database as of its first; inside such a one, that one."""
    if connection.in_atomic_block and sees_one_instant():
        yield
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        hold_examples()  # before the first look: what this one sees does not expire meanwhile
        yield


def sees_one_instant() -> bool:
    """Whether the transaction that runs now does."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        return bool(cursor.fetchone() == ("repeatable read",))


@transaction.atomic
def freeze(
    *, slice_version: SliceVersion, role: str, as_of: datetime, values: Values = NONE, by: User | None
) -> Snapshot:
    """The snapshot of a slice as of a moment, inside a transaction that reads one instant (REPEATABLE READ).

    The same slice version, child, moment and role is the same snapshot for ever. Raises TooSmall, Refused.
    """
    hold_examples()
    found = known(slice_version, role, as_of, values)
    if found is not None:
        return found
    check_role(slice_version, role)
    check_values(slice_version, values)
    organization = slice_version.organization
    snapshot = organization.snapshots.create(
        project=slice_version.slice.project,
        params=dict(values),
        parent_snapshot=before(slice_version, role, as_of, values),
        **build(slice_version, as_of, values),
        **instant(slice_version, role, as_of, values),
    )
    organization.keepings.create(snapshot=snapshot, look_at=snapshot.built_at + kept_for())
    record(
        "snapshot.frozen",
        organization=organization,
        subject=snapshot,
        by=by,
        manifest_sha256=snapshot.manifest_sha256,
        content_sha256=snapshot.content_sha256,
        members=snapshot.n_total,
    )
    return snapshot


def before(slice_version: SliceVersion, role: str, as_of: datetime, values: Values = NONE) -> Snapshot | None:
    """The snapshot of the same slice, child and role that came before this moment."""
    rows = slice_version.organization.snapshots.filter(slice_version__slice=slice_version.slice_id, role=role)
    rows = rows.filter(params_sha256=digest_of(values), as_of__lt=as_of)
    return rows.order_by("-as_of", "-pk").first()


@transaction.atomic
def note_download(
    *, snapshot: Snapshot, kind: str, file: str = "", export: int | None = None, by: User
) -> None:
    """Somebody, or a machine, took a snapshot away, or one file of it: the receipt that an erasure looks for."""
    what = {"format": kind} | ({"file": file, "export": export} if file else {})
    record("snapshot.downloaded", organization=snapshot.organization, subject=snapshot, by=by, **what)
