"""A pipeline says how its run ended: the model, what it scored, or what went wrong, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.streams.actions import register_model_version
from projects.streams.models import ModelVersion
from slices.runs.claiming import BACKOFF_S, STALE
from slices.runs.evaluations import Result, record_evaluation
from slices.runs.models import Run
from slices.runs.moves import end_attempt, finish, requeue
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


@dataclass(frozen=True, slots=True)
class Report:
    """What `complete` says."""

    outcome: str
    model: dict[str, Any] = field(default_factory=dict)
    evaluations: Sequence[tuple[int, Sequence[Result]]] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    retryable: bool = True


@transaction.atomic
def complete(*, run: Run, token: int, report: Report, body: Any, by: User) -> Run:
    """End a run, under the fence. The same body again is the same answer; another body, or an old token, is refused.

    Raises Refused (409 `conflict` or `lease_lost`), Invalid for results that are not of the run's snapshot.
    """
    said = {"body_sha256": digest_of(body), "token": token, "metrics": report.metrics}
    rows = run.organization.runs.select_for_update(of=("self",))  # the same report sent twice takes turns
    row = rows.select_related("organization", "project", "snapshot", "eval_snapshot", "model_version").get(
        pk=run.pk
    )
    if row.lease_token != token or row.state != Run.State.CLAIMED:
        return already(row, said)
    if report.outcome == "succeeded":
        succeed(row, report, said, by)
    else:
        fail(row, report, said, by)
    return fresh(row)


def digest_of(body: Any) -> str:
    """What a report says, whatever the order of its members."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def already(run: Run, said: dict[str, Any]) -> Run:
    """The answer to a report that came before; one by somebody who lost the run is refused."""
    if run.report.get("token") != said["token"]:
        raise Refused(STALE, "lease_lost")
    if run.report["body_sha256"] != said["body_sha256"]:
        raise Refused(_("This run has already been completed, with another report."), "conflict")
    return run


def fresh(run: Run) -> Run:
    """The run as it is now."""
    return run.organization.runs.select_related("organization", "model_version").get(pk=run.pk)


def succeed(run: Run, report: Report, said: dict[str, Any], by: User) -> None:
    """A model, and what it scored."""
    now = timezone.now()
    model = run.model_version if run.kind == Run.Kind.EVALUATION else registered(run, report, by)
    assert model is not None  # an evaluation run is made with its model
    allowed = {run.eval_snapshot_id: run.eval_snapshot}
    for index, (snapshot_id, results) in enumerate(report.evaluations):
        snapshot = allowed.get(snapshot_id)
        if snapshot is None:
            detail = "This run was not given that snapshot to evaluate on."
            raise Invalid([FieldError(f"/evaluations/{index}/snapshot", "wrong_snapshot", detail)])
        record_evaluation(
            model_version=model,
            snapshot=snapshot,
            results=results,
            run=run,
            pointer=f"/evaluations/{index}/results",
            by=by,
        )
    if run.kind == Run.Kind.EVALUATION and not report.evaluations:
        raise Invalid([FieldError("/evaluations", "required", "An evaluation run reports an evaluation.")])
    end_attempt(run, "succeeded", "", now)
    finish(run, Run.State.SUCCEEDED, now, model_version=model, report=said)
    bound = {"manifest_sha256": run.snapshot.manifest_sha256, "digest": model.digest} if run.snapshot else {}
    record(
        "run.succeeded", organization=run.organization, subject=run, by=by, model_version=model.pk, **bound
    )


def registered(run: Run, report: Report, by: User) -> ModelVersion:
    """The model that the run produced."""
    if not report.model:
        raise Invalid([FieldError("/model", "required", "A training run that succeeded names its model.")])
    return register_model_version(
        project=run.project,
        name=run.model_name,
        version=report.model["version"],
        digest=report.model["digest"],
        uri=report.model.get("uri", ""),
        facts=report.model.get("facts", {}),
        by=by,
    )


def fail(run: Run, report: Report, said: dict[str, Any], by: User) -> None:
    """Another attempt later on the same snapshot, or the end."""
    now = timezone.now()
    error = report.error[:2000]
    end_attempt(run, "failed", error, now)
    again = report.retryable and run.attempt < run.max_attempts and not run.cancel_requested_at
    if again:
        wait = BACKOFF_S[min(run.attempt, len(BACKOFF_S)) - 1]
        requeue(run, now + timedelta(seconds=wait), error=error, report=said)
    else:
        ended = Run.State.CANCELLED if run.cancel_requested_at else Run.State.FAILED
        finish(run, ended, now, error=error, report=said)
    record("run.failed", organization=run.organization, subject=run, by=by, attempt=run.attempt, again=again)
