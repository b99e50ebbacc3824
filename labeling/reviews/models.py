"""Verdicts on answers, who has which answer in front of them, and what somebody should look at."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.answers.models import Annotation
from labeling.tasks.models import Task
from projects.streams.models import Example, Project
from teams.identity.models import OrganizationModel, User, organization_key

NOT_THE_AUTHOR = """
IF EXISTS (
    SELECT FROM labeling_annotation answer JOIN labeling_task task ON task.id = answer.task_id
    WHERE answer.id = NEW.annotation_id
      AND (answer.author_id = NEW.reviewer_id OR NEW.reviewer_id = ANY (task.people))
) THEN
    RAISE EXCEPTION 'a reviewer is never the author' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'reviewer_is_not_the_author';
END IF;
RETURN NEW;
"""


class Review(OrganizationModel):
    """One reviewer's verdict on one answer of somebody else, and what became of it where its author objected."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("accepted")
        RETURN = "return", _("returned")
        CORRECT = "correct", _("corrected")

    class Contest(models.TextChoices):
        """Whether the author objects to a return, and what somebody else said to that."""

        NONE = "none", _("not contested")
        OPEN = "open", _("contested")
        UPHELD = "upheld", _("the return stands")
        OVERTURNED = "overturned", _("the answer was right")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {
        Contest.NONE: (Contest.OPEN,),
        Contest.OPEN: (Contest.UPHELD, Contest.OVERTURNED),
        Contest.UPHELD: (),
        Contest.OVERTURNED: (),
    }

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    reason = models.TextField(_("reason"), blank=True)
    note = models.TextField(_("note"), blank=True, default="", db_default="")
    correction = models.ForeignKey(
        Annotation,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("what the reviewer answered instead"),
    )
    at = models.DateTimeField(_("at"), default=timezone.now)
    contest = models.CharField(
        _("contest"),
        max_length=10,
        choices=Contest.choices,
        default=Contest.NONE,
        db_default=Contest.NONE,
    )
    objection = models.TextField(_("why the author objects"), blank=True, default="", db_default="")
    contested_at = models.DateTimeField(_("contested"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(fields=["annotation"], name="one_review_an_annotation"),
            models.CheckConstraint(
                condition=~Q(verdict="return") | ~Q(reason=""), name="a_return_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(contest="none", contested_at=None)
                | (Q(verdict="return", contested_at__isnull=False) & ~Q(contest="none") & ~Q(objection="")),
                name="only_a_return_is_contested",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, contest__in=["none", "open"])
                | Q(decided_at__isnull=False, decided_by__isnull=False, contest__in=["upheld", "overturned"]),
                name="contest_decided_is_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], condition=Q(contest="open"), name="review_contested"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="reviewer_is_not_the_author",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("reviewer_id", "annotation_id"),
                func=NOT_THE_AUTHOR,
            )
        ]

    def __str__(self) -> str:
        return self.get_verdict_display()


class ReviewLease(OrganizationModel):
    """A reviewer has a task in front of them: nobody else is given it before `expires_at`. `token` is the fence."""

    organization = organization_key("review_leases")
    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="review_lease")
    reviewer = models.ForeignKey(User, on_delete=models.CASCADE, related_name="review_leases")
    token = models.PositiveIntegerField(default=1)
    claimed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reviewer's lease")
        verbose_name_plural = _("reviewers' leases")
        indexes = [models.Index(fields=["expires_at"], name="review_lease_ends")]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.task_id}"


class Issue(OrganizationModel):
    """Something about an example that somebody should look at: a reviewer or manager points, a labeler asks.

    `pin` is where: {"at": [x, y]} in fractions of the picture's size, or {"start", "end"} in code points of the text.
    `task` is where a new label was asked for because of it, `mended_by` the answer that this led to.
    """

    class Kind(models.TextChoices):
        ISSUE = "issue", _("issue")
        QUESTION = "question", _("question")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RESOLVED = "resolved", _("resolved")

    MOVES: ClassVar[dict[str, tuple[str, ...]]] = {State.OPEN: (State.RESOLVED,), State.RESOLVED: ()}

    organization = organization_key("issues")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="issues", db_index=False)
    example = models.ForeignKey(
        Example, on_delete=models.CASCADE, related_name="issues", db_index=False, db_constraint=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    body = models.TextField(_("what it is about"))
    pin = models.JSONField(_("where"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    reply = models.TextField(_("reply"), blank=True, default="")
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    resolved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    task = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, related_name="issues")
    mended_by = models.ForeignKey(Annotation, on_delete=models.SET_NULL, null=True, related_name="mends")

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", resolved_at=None, resolved_by=None)
                | Q(state="resolved", resolved_at__isnull=False),
                name="issue_resolved_is_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "example", "-id"], name="issue_of_example"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"
