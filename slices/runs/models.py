"""The intention to train or evaluate on a snapshot, its executions, and what a model scored."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import ModelVersion, Project
from slices.definitions.models import SliceVersion
from slices.snapshots.models import Snapshot
from teams.identity.models import OrganizationModel


class Run(OrganizationModel):
    """Work for a pipeline: train on `snapshot`, or evaluate `model_version` on `eval_snapshot`.

    Retries keep the snapshot. `lease_token` is the fence: it grows with every claim.
    """

    class Kind(models.TextChoices):
        TRAIN = "train", _("training")
        EVALUATION = "evaluation", _("evaluation")

    class State(models.TextChoices):
        PREPARING = "preparing", _("preparing")
        QUEUED = "queued", _("queued")
        CLAIMED = "claimed", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        SNAPSHOT_FAILED = "snapshot_failed", _("no snapshot")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.PREPARING: (State.QUEUED, State.SNAPSHOT_FAILED, State.CANCELLED),
        State.QUEUED: (State.CLAIMED, State.CANCELLED, State.EXPIRED),
        State.CLAIMED: (State.SUCCEEDED, State.FAILED, State.QUEUED, State.CANCELLED),
        State.SUCCEEDED: (),
        State.FAILED: (),
        State.SNAPSHOT_FAILED: (),
        State.CANCELLED: (),
        State.EXPIRED: (),
    }
    ENDED = (State.SUCCEEDED, State.FAILED, State.SNAPSHOT_FAILED, State.CANCELLED, State.EXPIRED)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.PREPARING)
    model_name = models.CharField(_("model"), max_length=80)
    slice_version = models.ForeignKey(SliceVersion, on_delete=models.PROTECT, null=True, related_name="runs")
    eval_slice_version = models.ForeignKey(
        SliceVersion, on_delete=models.PROTECT, null=True, related_name="eval_runs"
    )
    as_of = models.DateTimeField(_("as of"))
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, related_name="runs")
    eval_snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, null=True, related_name="eval_runs")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="runs")
    pool = models.CharField(_("pool"), max_length=60, default="default")
    priority = models.SmallIntegerField(_("priority"), default=0)
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    lease_token = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    claim_id = models.CharField(max_length=80, blank=True)
    worker = models.CharField(_("worker"), max_length=120, blank=True)
    available_at = models.DateTimeField(default=timezone.now)
    cancel_requested_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict)
    report = models.JSONField(_("report"), default=dict)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "model_version", "eval_snapshot"],
                condition=Q(kind="evaluation"),
                name="one_evaluation_run",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "pool", "-priority", "available_at", "id"],
                condition=Q(state="queued"),
                name="run_next",
            ),
            models.Index(fields=["lease_expires_at"], condition=Q(state="claimed"), name="run_claimed"),
            models.Index(fields=["organization", "project", "-id"], name="run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.model_name} #{self.pk}"


class Attempt(OrganizationModel):
    """One execution of a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    token = models.PositiveIntegerField()
    worker = models.CharField(max_length=120, blank=True)
    claimed_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="attempt_number")]

    def __str__(self) -> str:
        return f"attempt {self.number} of run {self.run_id}"


class Evaluation(OrganizationModel):
    """What one model version scored on one evaluation snapshot; never edited.

    `results_name` keeps {example_id, label, confidence} per example; `metrics` are computed here from them.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluations")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="evaluations")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="evaluations")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="evaluations")
    n = models.PositiveIntegerField(_("examples"))
    correct = models.PositiveIntegerField(_("right"))
    metrics = models.JSONField(_("metrics"), default=dict)
    results_name = models.CharField(max_length=200)
    results_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        constraints = [
            models.UniqueConstraint(fields=["model_version", "snapshot"], name="evaluation_is_one")
        ]
        triggers = [pgtrigger.Protect(name="evaluation_never_changes", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.model_version} on {self.snapshot}"
