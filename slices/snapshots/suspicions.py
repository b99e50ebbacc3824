"""Snapshots that hold answers which were recalled since: a mark of its own beside each, that points at the recall."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.recall.models import Recall
from slices.snapshots.models import Snapshot
from teams.identity.models import OrganizationModel


class SuspicionQuerySet(QuerySet["Suspicion"]):
    """Questions about marks."""

    def standing(self) -> SuspicionQuerySet:
        """Those whose recall was not taken back whole."""
        return self.exclude(
            Q(recall__state=Recall.State.UNDONE) & Q(recall__restored__gte=F("recall__answers"))
        )


class Suspicion(OrganizationModel):
    """`n` of the labels in a snapshot rest on answers of a recall. Neither it nor the snapshot ever changes."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="suspicions")
    recall = models.ForeignKey(Recall, on_delete=models.CASCADE, related_name="suspicions")
    n = models.PositiveIntegerField(_("labels"))
    at = models.DateTimeField(_("since"), default=timezone.now)

    objects = SuspicionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspicion")
        verbose_name_plural = _("suspicions")
        constraints = [models.UniqueConstraint(fields=["recall", "snapshot"], name="suspected_once")]
        indexes = [models.Index(fields=["organization", "snapshot"], name="suspicion_of_snapshot")]

    def __str__(self) -> str:
        return f"snapshot {self.snapshot_id} by recall {self.recall_id}"
