"""How long a stream keeps what nobody needs, where the clock is in it, and the counts of what went."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Stream
from teams.identity.models import OrganizationModel, organization_key

MOST_DAYS = 36_500


class Retention(OrganizationModel):
    """The policy of a stream; a stream without one keeps everything.

    The clock goes through the examples in the order in which they came, in rounds: all up to `at_id` were looked at
    in this one. `look_at` is when it goes on.
    """

    organization = organization_key("retentions")
    stream = models.OneToOneField(Stream, on_delete=models.CASCADE, related_name="retention")
    days = models.PositiveIntegerField(
        _("days"), validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )
    at_id = models.BigIntegerField(default=0)
    look_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("retention of a stream")
        verbose_name_plural = _("retentions of streams")
        constraints = [
            models.CheckConstraint(
                condition=Q(days__gte=1, days__lte=MOST_DAYS), name="retention_days_are_some"
            )
        ]
        indexes = [models.Index(fields=["look_at"], name="retention_due")]

    def __str__(self) -> str:
        return f"{self.days}"


class ExpiredCount(OrganizationModel):
    """How many examples captured on a day (UTC) have expired: they are gone, that they were there is not."""

    organization = organization_key("expired_counts")
    stream = models.ForeignKey(
        Stream, on_delete=models.CASCADE, related_name="expired_counts", db_index=False
    )
    day = models.DateField(_("captured"))
    n = models.PositiveBigIntegerField(_("expired"))

    class Meta:
        verbose_name = _("count of expired examples")
        verbose_name_plural = _("counts of expired examples")
        constraints = [models.UniqueConstraint(fields=["stream", "day"], name="expired_count_of_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.n}"
