"""Asking for runs, and calling them off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.streams.models import ModelVersion
from slices.definitions.models import SliceVersion
from slices.runs.models import Run
from slices.runs.moves import finish
from slices.snapshots.actions import check_role
from slices.snapshots.models import Snapshot
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused
from teams.work.jobs import enqueue


@transaction.atomic
def request_training(
    *,
    slice_version: SliceVersion,
    eval_slice_version: SliceVersion | None,
    model_name: str,
    as_of: datetime,
    pool: str = "default",
    params: Mapping[str, Any] | None = None,
    by: User | None,
) -> Run:
    """A training run: its snapshots are frozen by a job, and then a pipeline can claim it.

    Raises Refused where that would train on test examples, or test on training examples.
    """
    check_role(slice_version, Snapshot.Role.TRAIN)
    if eval_slice_version is not None:
        check_role(eval_slice_version, Snapshot.Role.EVAL)
    organization = slice_version.organization
    run = organization.runs.create(
        project=slice_version.slice.project,
        kind=Run.Kind.TRAIN,
        model_name=model_name,
        slice_version=slice_version,
        eval_slice_version=eval_slice_version,
        as_of=as_of,
        pool=pool,
        params=dict(params or {}),
    )
    record("run.requested", organization=organization, subject=run, by=by, model=model_name)
    enqueue("runs.prepare", organization=organization, run_id=run.pk)
    return run


@transaction.atomic
def request_evaluation(
    *, model_version: ModelVersion, snapshot: Snapshot, pool: str = "default", by: User | None
) -> Run:
    """Ask a pipeline what a model scores on a snapshot; asked again, it is the same run."""
    organization = model_version.organization
    run, created = organization.runs.get_or_create(
        kind=Run.Kind.EVALUATION,
        model_version=model_version,
        eval_snapshot=snapshot,
        defaults={
            "project": model_version.project,
            "state": Run.State.QUEUED,
            "model_name": model_version.name,
            "as_of": snapshot.as_of,
            "pool": pool,
            "priority": 10,  # a decision waits for it
        },
    )
    if created:
        record("run.queued", organization=organization, subject=run, by=by, model=model_version.name)
    return run


@transaction.atomic
def cancel(*, run: Run, by: User | None) -> None:
    """Call a run off: at once if nobody works on it, else its worker hears of it at the next heartbeat."""
    row = run.organization.runs.select_for_update().get(pk=run.pk)
    check_cancel(row)
    now = timezone.now()
    row.organization.runs.filter(pk=row.pk).update(cancel_requested_at=now)
    if row.state == Run.State.CLAIMED:
        record("run.cancel_requested", organization=row.organization, subject=row, by=by)
        return
    finish(row, Run.State.CANCELLED, now)
    record("run.cancelled", organization=row.organization, subject=row, by=by)


def check_cancel(run: Run) -> None:
    """What has ended stays ended, and once is enough."""
    if run.state in Run.ENDED:
        raise Refused(_("This run has already ended."))
    if run.cancel_requested_at is not None:
        raise Refused(_("It is called off already; its worker hears of it at the next heartbeat."))


def last_success(run: Run) -> ModelVersion | None:
    """The model that the last good training run of this name produced."""
    good = run.organization.runs.filter(
        project=run.project_id,
        kind=Run.Kind.TRAIN,
        model_name=run.model_name,
        state=Run.State.SUCCEEDED,
    )
    found = good.select_related("model_version").order_by("-ended_at", "-pk").first()
    return found.model_version if found else None
