"""Runs are prepared by a job, and taken back from workers that fell silent by the clock."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from slices.runs.claiming import expire, reap
from slices.runs.models import Run
from slices.runs.moves import finish, move
from slices.snapshots.actions import freeze
from slices.snapshots.building import TooSmall
from slices.snapshots.models import Snapshot
from teams.events.actions import record
from teams.identity.models import Organization
from teams.identity.refused import Refused
from teams.work.clock import due
from teams.work.jobs import job


@job("runs.prepare", long=True, repeatable_read=True)
def prepare(organization: Organization, run_id: int) -> None:
    """Freeze what the run trains and is evaluated on, both of the same instant, and queue it."""
    runs = organization.runs.select_related(
        "organization",
        "slice_version__slice__stream",
        "slice_version__slice__project",
        "slice_version__organization",
        "eval_slice_version__slice__stream",
        "eval_slice_version__slice__project",
        "eval_slice_version__organization",
    )
    run = runs.filter(pk=run_id, state=Run.State.PREPARING).first()
    if run is None or run.slice_version is None:
        return  # called off, or prepared by an earlier attempt
    try:
        train = freeze(slice_version=run.slice_version, role=Snapshot.Role.TRAIN, as_of=run.as_of, by=None)
        evaluation = frozen_for_evaluation(run)
    except Refused as refused:
        end_without_snapshot(run, refused)
        return
    now = timezone.now()
    if move(run, Run.State.QUEUED, snapshot=train, eval_snapshot=evaluation, available_at=now):
        record("run.queued", organization=organization, subject=run, by=None, snapshot=train.pk)


def end_without_snapshot(run: Run, refused: Refused) -> None:
    """There is nothing to train on: the run ends with the sentence why, and where the examples were lost."""
    report = {"funnel": refused.funnel} if isinstance(refused, TooSmall) else {}
    finish(run, Run.State.SNAPSHOT_FAILED, timezone.now(), error=str(refused.sentence), report=report)
    record("run.snapshot_failed", organization=run.organization, subject=run, by=None)


def frozen_for_evaluation(run: Run) -> Snapshot | None:
    """The evaluation snapshot; none while nothing is labelled there, and then the gate says inconclusive."""
    if run.eval_slice_version is None:
        return None
    try:
        return freeze(slice_version=run.eval_slice_version, role=Snapshot.Role.EVAL, as_of=run.as_of, by=None)
    except TooSmall:
        return None


@due("runs")
def silent_and_idle_runs(at: datetime) -> int:
    """Runs whose worker fell silent, and runs that nobody claimed."""
    return reap(at) + expire(at)
