"""Verdicts on answers."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.answers.models import Annotation
from teams.identity.models import OrganizationModel, User


class Review(OrganizationModel):
    """One reviewer's verdict on one answer of somebody else."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("accepted")
        RETURN = "return", _("returned")

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(fields=["annotation"], name="one_review_an_annotation"),
            models.CheckConstraint(
                condition=~models.Q(verdict="return") | ~models.Q(reason=""), name="a_return_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.get_verdict_display()
