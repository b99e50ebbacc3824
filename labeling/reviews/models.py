"""Verdicts on answers, and who has which answer in front of them."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.answers.models import Annotation
from labeling.tasks.models import Task
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
