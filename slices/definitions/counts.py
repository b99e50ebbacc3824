"""How many are in a slice, day by day: moved by the notes of changes, so that no list counts examples."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from slices.definitions.models import SliceVersion
from teams.identity.models import OrganizationModel, organization_key


class Counting(OrganizationModel):
    """How a slice version is counted.

    A live one has its sums in SliceCount, which follow every change within a second. Others (they ask about other
    rows, draw samples, or have a limit) are counted anew from time to time: `n` of them, `labeled` with a label.
    """

    slice_version = models.OneToOneField(SliceVersion, on_delete=models.CASCADE, related_name="counting")
    is_live = models.BooleanField(_("moved by every change"))
    n = models.PositiveBigIntegerField(_("members"), default=0)
    labeled = models.PositiveBigIntegerField(_("with a label"), default=0)
    counted_at = models.DateTimeField(_("counted"), default=timezone.now, help_text=_("From nothing."))

    class Meta:
        verbose_name = _("counting of a slice")
        verbose_name_plural = _("countings of slices")
        indexes = [models.Index(fields=["is_live", "counted_at"], name="counting_oldest")]

    def __str__(self) -> str:
        return str(self.slice_version)


class SliceCount(OrganizationModel):
    """Examples of one day, by the clock of the slice's window, that meet its condition in its splits.

    `key` tells a family's children apart; it is empty for a slice that is none.
    """

    organization = organization_key("slice_counts")
    slice_version = models.ForeignKey(
        SliceVersion, on_delete=models.CASCADE, related_name="counts", db_index=False
    )
    key = models.TextField(default="", db_default="")
    day = models.DateField()
    n = models.BigIntegerField(default=0)
    labeled = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("count of a slice")
        verbose_name_plural = _("counts of slices")
        constraints = [
            models.UniqueConstraint(fields=["slice_version", "key", "day"], name="slice_count_of_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.slice_version_id} {self.day}: {self.n}"
