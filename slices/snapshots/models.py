"""A slice frozen at a moment: what a training run or an evaluation sees."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Project
from slices.definitions.models import SliceVersion
from teams.identity.models import OrganizationModel, User
from teams.work.models import Job

# The one exception is an erasure: what the histograms of its members' values say of a person who was erased goes.
NEVER = """
IF (to_jsonb(OLD) - 'histograms') IS DISTINCT FROM (to_jsonb(NEW) - 'histograms') OR NOT EXISTS (
    SELECT FROM slices_redaction WHERE organization_id = OLD.organization_id AND snapshot_id = OLD.id
) THEN
    RAISE EXCEPTION 'pgtrigger: Cannot update rows from slices_snapshot table';
END IF;
RETURN NEW;
"""


class Snapshot(OrganizationModel):
    """Written once, whole, in the transaction that read its members; nothing about it ever changes.

    `manifest_sha256` is over "{example_id},{example_rev},{annotation_id or empty},{split}\\n" in order of id;
    `content_sha256` over the keyed digests of what those rows held, as `evidence_version` lays them out.
    `fields`, `label_schemas`, `split_policy` and `resolved_refs` are what its definition leant on at that moment.
    """

    class Role(models.TextChoices):
        TRAIN = "train", _("training")
        EVAL = "eval", _("evaluation")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="snapshots")
    slice_version = models.ForeignKey(SliceVersion, on_delete=models.PROTECT, related_name="snapshots")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    as_of = models.DateTimeField(_("as of"))
    params = models.JSONField(default=dict)
    params_sha256 = models.CharField(max_length=64)
    manifest_sha256 = models.CharField(_("manifest"), max_length=64)
    content_sha256 = models.CharField(_("contents"), max_length=64)
    evidence_version = models.PositiveSmallIntegerField(default=1)
    manifest_name = models.CharField(max_length=200, help_text=_("Where the storage keeps the manifest."))
    n_total = models.PositiveIntegerField(_("members"))
    n_by_split = models.JSONField(default=dict)
    n_by_label = models.JSONField(default=dict)
    histograms = models.JSONField(default=dict)
    funnel = models.JSONField(default=list)
    fields = models.JSONField(default=list)
    label_schemas = models.JSONField(default=list)
    split_policy = models.JSONField(default=dict)
    resolved_refs = models.JSONField(default=dict)
    parent_snapshot = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="next_snapshots"
    )
    code_version = models.CharField(max_length=40, blank=True, default="")
    tzdata_version = models.CharField(max_length=20, blank=True, default="")
    built_at = models.DateTimeField(_("frozen"), default=timezone.now)

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        constraints = [
            models.UniqueConstraint(
                fields=["slice_version", "params_sha256", "as_of", "role"], name="snapshot_of_an_instant"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "project", "-id"], name="snapshot_newest"),
            models.Index(fields=["organization", "manifest_sha256"], name="snapshot_of_manifest"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="snapshot_never_changes", operation=pgtrigger.Update, when=pgtrigger.Before, func=NEVER
            )
        ]

    def __str__(self) -> str:
        return f"{self.slice_version} as of {self.as_of:%Y-%m-%d %H:%M:%S}"


class Export(OrganizationModel):
    """A snapshot as files of one format: made by a job, kept for two weeks, made again byte for byte.

    `shards` are {"name", "bytes", "rows", "sha256", "kept_as"}; `archive` is the same for all of them in one file,
    where there are several. `lossy` says in sentences what the format cannot carry.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        MAKING = "making", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.QUEUED: (State.MAKING, State.READY, State.FAILED, State.CANCELLED),
        State.MAKING: (State.READY, State.FAILED, State.CANCELLED),
        State.READY: (State.EXPIRED,),
        State.FAILED: (State.QUEUED,),
        State.CANCELLED: (State.QUEUED,),
        State.EXPIRED: (State.QUEUED,),
    }
    GOING = (State.QUEUED, State.MAKING)

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="exports")
    format = models.CharField(_("format"), max_length=20)
    options = models.JSONField(_("options"), default=dict)
    options_sha256 = models.CharField(max_length=64)
    exporter_version = models.CharField(max_length=80)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="exports")
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    shards = models.JSONField(_("files"), default=list)
    archive = models.JSONField(null=True)
    lossy = models.JSONField(default=list)
    error = models.TextField(_("error"), blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)
    ready_at = models.DateTimeField(_("ready"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "format", "options_sha256", "exporter_version"], name="export_is_one"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=models.Q(state="ready"), name="export_expires"),
            models.Index(
                fields=["job"], condition=models.Q(state__in=["queued", "making"]), name="export_going"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format} of snapshot {self.snapshot_id}"
