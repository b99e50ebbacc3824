"""Answers that were taken out of what counts: which ones a manager chose, what became of each, and of its task."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.answers.models import Annotation
from labeling.quality.models import Gold
from labeling.queues.models import Queue
from labeling.tasks.models import Task
from projects.schemas.models import LabelSchema
from projects.streams.models import Project
from teams.identity.models import OrganizationModel, User, organization_key


class Recall(OrganizationModel):
    """One choice of answers, and how far voiding them, or putting them back, has come.

    What is chosen ends at `until`, which lies in the past: what people say meanwhile is not meant. `position` is the
    last answer that was looked at; it moves in the transaction that voids the ones before it.
    """

    class State(models.TextChoices):
        GOING = "going", _("going on")
        DONE = "done", _("done")
        UNDOING = "undoing", _("being taken back")
        UNDONE = "undone", _("taken back")
        STUCK = "stuck", _("stopped")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        State.GOING: (State.DONE, State.STUCK),
        State.DONE: (State.UNDOING,),
        State.UNDOING: (State.UNDONE, State.STUCK),
        State.STUCK: (State.GOING, State.UNDOING),
        State.UNDONE: (),
    }
    UNDER_WAY = (State.GOING, State.UNDOING)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="recalls")
    reason = models.CharField(_("why"), max_length=300)
    person = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("answers of")
    )
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, null=True, related_name="+")
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, null=True, related_name="+")
    question = models.CharField(_("question"), max_length=40, blank=True)
    value = models.CharField(_("answered with"), max_length=200, blank=True)
    since = models.DateTimeField(_("from"), null=True)
    until = models.DateTimeField(_("to"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.GOING)
    position = models.BigIntegerField(default=0)
    answers = models.PositiveIntegerField(_("answers"), default=0)
    reopened = models.PositiveIntegerField(_("tasks opened to others"), default=0)
    resettled = models.PositiveIntegerField(_("tasks settled by what is left"), default=0)
    golds = models.PositiveIntegerField(_("known answers taken out of use"), default=0)
    restored = models.PositiveIntegerField(_("answers put back"), default=0)
    made_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True)
    undone_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(_("taken back"), null=True)

    class Meta:
        verbose_name = _("recall")
        verbose_name_plural = _("recalls")
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(state__in=["going", "undoing"]), name="one_recall_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=False)
                | (Q(undone_by=None) & ~Q(state__in=["undoing", "undone"])),
                name="recall_undone_is_paired",
            ),
        ]
        indexes = [models.Index(fields=["organization", "project", "-id"], name="recall_newest")]

    def __str__(self) -> str:
        return self.reason

    def can_become(self, state: str) -> bool:
        """Whether the table of moves says so."""
        return state in self.MOVES[self.state]


class RecalledAnswer(OrganizationModel):
    """One answer that a recall voided: what it was, what its task was, and what was done about the task.

    `places` were opened in the task for it; `again` is the task of the next round; `gold` the known answer that was
    made from it and went out of use. `is_back` says, after taking back, whether it counts as before.
    """

    organization = organization_key("recalled_answers")
    recall = models.ForeignKey(Recall, on_delete=models.CASCADE, related_name="recalled_answers")
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="recalls")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    was = models.CharField(max_length=10, choices=Annotation.State.choices)
    task_was = models.CharField(max_length=10, choices=Task.State.choices)
    places = models.PositiveSmallIntegerField(default=0)
    again = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, related_name="+")
    gold = models.ForeignKey(Gold, on_delete=models.SET_NULL, null=True, related_name="+")
    is_back = models.BooleanField(null=True)

    class Meta:
        verbose_name = _("recalled answer")
        verbose_name_plural = _("recalled answers")
        constraints = [models.UniqueConstraint(fields=["recall", "annotation"], name="recalled_once")]
        indexes = [
            models.Index(fields=["recall", "id"], condition=Q(is_back=None), name="recalled_to_put_back")
        ]

    def __str__(self) -> str:
        return str(self.annotation_id)
