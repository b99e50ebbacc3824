"""Data and labels that come in from files: what was asked, how far it is, what could not be taken."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.queues.models import Queue
from labeling.tasks.models import Task
from projects.streams.models import Project, Stream
from teams.identity.models import OrganizationModel, User, organization_key

percent = [MinValueValidator(0), MaxValueValidator(100)]


class Import(OrganizationModel):
    """One file, or the files below a prefix, on their way into a stream.

    `position` is where reading goes on: {"file": index, "mark": what the reader said}. It moves in the transaction
    that keeps the rows before it, so that nothing is lost or taken twice whatever dies.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("being prepared")
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.DRAFT: (State.QUEUED, State.CANCELLED),
        State.QUEUED: (State.RUNNING, State.FAILED, State.CANCELLED),
        State.RUNNING: (State.DONE, State.FAILED, State.CANCELLED),
        State.FAILED: (State.QUEUED,),
        State.CANCELLED: (State.QUEUED,),
        State.DONE: (),
    }
    ENDED = (State.DONE, State.FAILED, State.CANCELLED)

    class Mode(models.TextChoices):
        UPSERT = "upsert", _("change what is there and different")
        INSERT = "insert", _("leave what is there alone")

    class Trust(models.TextChoices):
        ACCEPTED = "accepted", _("accept them")
        AUDITED = "audited", _("accept them, and have people check some")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="imports")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    name = models.CharField(_("file"), max_length=500)
    format = models.CharField(_("format"), max_length=30, blank=True)
    stored = models.CharField(max_length=200, blank=True, help_text=_("Where the uploaded file is kept."))
    sha256 = models.CharField(max_length=64, blank=True)
    uri = models.CharField(_("address"), max_length=500, blank=True)
    files = models.JSONField(_("files"), default=list)
    options = models.JSONField(_("how it is read"), default=dict)
    mode = models.CharField(
        _("rows that are there"), max_length=10, choices=Mode.choices, default=Mode.UPSERT
    )
    trust = models.CharField(_("labels"), max_length=10, choices=Trust.choices, default=Trust.ACCEPTED)
    audit_percent = models.FloatField(_("checked, %"), default=0, validators=percent)
    audit_queue = models.ForeignKey(
        Queue,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("checked in"),
    )
    drawn_by_lot = models.BooleanField(
        _("its examples were drawn by lot"),
        default=False,
        help_text=_("Only labels of examples that were drawn by lot may count in an honest evaluation."),
    )
    position = models.JSONField(default=dict)
    rows_done = models.BigIntegerField(_("rows read"), default=0)
    rows_total = models.BigIntegerField(null=True)
    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(_("size"), default=0)
    created = models.BigIntegerField(_("created"), default=0)
    updated = models.BigIntegerField(_("updated"), default=0)
    unchanged = models.BigIntegerField(_("unchanged"), default=0)
    rejected = models.BigIntegerField(_("rejected"), default=0)
    labels = models.BigIntegerField(_("new labels"), default=0)
    error = models.TextField(_("why it stopped"), blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, state__in=["draft", "queued", "running"])
                | Q(ended_at__isnull=False, state__in=["done", "failed", "cancelled"]),
                name="import_end_is_paired",
            ),
            models.CheckConstraint(
                condition=Q(trust="accepted") | Q(audit_percent__gt=0), name="import_audit_has_a_share"
            ),
            models.CheckConstraint(
                condition=Q(rows_done=F("created") + F("updated") + F("unchanged") + F("rejected")),
                name="import_rows_add_up",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "project", "-id"], name="import_newest"),
            models.Index(
                fields=["created_at"], condition=~Q(stored="") & ~Q(state="running"), name="import_with_file"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_ended(self) -> bool:
        """Whether nothing happens to it by itself any more."""
        return self.state in self.ENDED

    @property
    def share(self) -> float | None:
        """How much of it is read, 0 to 1; None where nobody knows."""
        if self.state == self.State.DONE:
            return 1.0
        done, total = (
            (self.rows_done, self.rows_total) if self.rows_total else (self.bytes_done, self.bytes_total)
        )
        return min(1.0, done / total) if total else None

    def can_become(self, state: Any) -> bool:
        """Whether the table of moves says so."""
        return state in self.MOVES[self.state]


class RejectedRow(OrganizationModel):
    """A row that was not taken: where it stands, its key if it has one, and everything that is wrong with it."""

    organization = organization_key("rejected_rows")
    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejected_rows")
    place = models.CharField(_("place"), max_length=600)
    key = models.CharField(_("key"), max_length=200, null=True)
    errors = models.JSONField(_("errors"), default=list)

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")

    def __str__(self) -> str:
        return self.place


class AuditedLabel(OrganizationModel):
    """An imported label that people check: the task that asks them, and what the import said."""

    organization = organization_key("audited_labels")
    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="audited_labels")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    label = models.TextField(_("label"), null=True)

    class Meta:
        verbose_name = _("checked label")
        verbose_name_plural = _("checked labels")
        constraints = [models.UniqueConstraint(fields=["source", "task"], name="audited_once_an_import")]

    def __str__(self) -> str:
        return self.label or ""
