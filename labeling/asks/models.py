"""A pipeline's request for a person's answer by a deadline."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.tasks.models import Task
from projects.streams.models import Project
from teams.identity.models import OrganizationModel


class Ask(OrganizationModel):
    """It ends exactly once: answered, timed out or stopped. `name` is the caller's idempotency key."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        ANSWERED = "answered", _("answered")
        TIMED_OUT = "timed_out", _("timed out")
        STOPPED = "stopped", _("stopped")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.QUEUED: (State.ANSWERED, State.TIMED_OUT, State.STOPPED),
        State.ANSWERED: (),
        State.TIMED_OUT: (),
        State.STOPPED: (),
    }

    class OnTimeout(models.TextChoices):
        USE_PREDICTION = "use_prediction", _("the model's guess")
        ANSWER = "answer", _("a fixed answer")
        FAIL = "fail", _("no answer")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="asks")
    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="ask")
    name = models.CharField(_("name"), max_length=200)
    request_sha256 = models.CharField(max_length=64, editable=False)
    prediction = models.JSONField(_("the model's guess"), null=True)
    deadline_at = models.DateTimeField(_("deadline"))
    on_timeout = models.CharField(_("when nobody answers"), max_length=20, choices=OnTimeout.choices)
    default_answer = models.JSONField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    result = models.JSONField(_("result"), null=True)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    first_claim_at = models.DateTimeField(_("first seen"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("ask")
        verbose_name_plural = _("asks")
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="ask_name"),
            models.CheckConstraint(
                condition=Q(state="queued", ended_at=None) | (~Q(state="queued") & Q(ended_at__isnull=False)),
                name="ask_end_is_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["deadline_at"], condition=Q(state="queued"), name="ask_waiting"),
            models.Index(fields=["organization", "project", "-id"], name="ask_newest"),
        ]

    def __str__(self) -> str:
        return self.name
