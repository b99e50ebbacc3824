"""When to snapshot and retrain, and every decision about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Project
from slices.definitions.models import Slice
from slices.runs.models import Run
from teams.identity.models import OrganizationModel


class Schedule(OrganizationModel):
    """Freezes a slice and makes a training run: by cron in a time zone, or every so many seconds.

    `watermark_at` is the as-of of the last good run; new labels are counted from there.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        BROKEN = "broken", _("broken")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="schedules")
    name = models.CharField(_("name"), max_length=120)
    slice = models.ForeignKey(Slice, on_delete=models.PROTECT, related_name="schedules")
    eval_slice = models.ForeignKey(Slice, on_delete=models.PROTECT, related_name="eval_schedules")
    model_name = models.CharField(_("model"), max_length=80)
    cron = models.CharField(_("cron"), max_length=120, blank=True)
    every_s = models.PositiveIntegerField(_("every, seconds"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    min_new = models.PositiveIntegerField(_("at least so many new labels"), default=0)
    pool = models.CharField(_("pool"), max_length=60, default="default")
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(_("why"), max_length=300, blank=True)
    next_due_at = models.DateTimeField(_("next"), null=True)
    watermark_at = models.DateTimeField(_("labels counted from"), null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="schedule_name"),
            models.CheckConstraint(
                condition=Q(cron="", every_s__isnull=False) | (~Q(cron="") & Q(every_s=None)),
                name="schedule_has_one_rhythm",
            ),
        ]
        indexes = [models.Index(fields=["next_due_at"], condition=Q(state="active"), name="schedule_due")]

    def __str__(self) -> str:
        return self.name


class Tick(OrganizationModel):
    """One recorded decision of a schedule for one due time: fired, or not and why."""

    class Verdict(models.TextChoices):
        FIRED = "fired", _("fired")
        SKIPPED = "skipped", _("skipped")

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="ticks")
    scheduled_for = models.DateTimeField(_("due"))
    decided_at = models.DateTimeField(_("decided"), default=timezone.now)
    verdict = models.CharField(_("decision"), max_length=10, choices=Verdict.choices)
    reason = models.CharField(_("reason"), max_length=40)
    facts = models.JSONField(_("numbers"), default=dict)
    run = models.OneToOneField(Run, on_delete=models.SET_NULL, null=True, related_name="tick")

    class Meta:
        verbose_name = _("tick")
        verbose_name_plural = _("ticks")
        constraints = [
            models.UniqueConstraint(fields=["schedule", "scheduled_for"], name="one_tick_a_due_time")
        ]
        indexes = [models.Index(fields=["organization", "schedule", "-scheduled_for"], name="tick_newest")]

    def __str__(self) -> str:
        return f"{self.schedule} {self.scheduled_for:%Y-%m-%d %H:%M:%S} {self.verdict}"
