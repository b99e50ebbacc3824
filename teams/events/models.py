"""What happened: one append-only row each, written in the transaction that did it."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.identity.models import OrganizationModel, organization_key


class EventQuerySet(models.QuerySet["Event"]):
    """Questions about what happened."""

    def about(self, subject: models.Model) -> EventQuerySet:
        """Everything that happened to one row, newest first."""
        return self.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk).order_by("-id")


class Event(OrganizationModel):
    """One thing that happened, by whom, to what. It holds numbers and ids, never contents or names."""

    kind = models.CharField(_("what"), max_length=60)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("by"),
    )
    token_id = models.BigIntegerField(_("token"), null=True)
    subject_type = models.CharField(_("kind of thing"), max_length=60)
    subject_id = models.BigIntegerField(_("thing"), null=True)
    data = models.JSONField(_("details"), default=dict)
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["organization", "-id"], name="event_newest"),
            models.Index(
                fields=["organization", "subject_type", "subject_id", "-id"], name="event_of_subject"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="event_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class EventDetailQuerySet(models.QuerySet["EventDetail"]):
    """Questions about the chain."""

    def unsealed(self) -> EventDetailQuerySet:
        """Committed, and not in the chain yet."""
        return self.filter(position=None)


class EventDetail(OrganizationModel):
    """What stands beside an event: where it came from, which may be redacted, and its place in the sealed chain.

    `digest` is SHA-256 over the digest before it and the event, so that an event which is changed, removed or
    moved breaks every digest after it. The clock seals; `position` counts from 1 within the organization.
    """

    organization = organization_key("event_details")
    event = models.OneToOneField(
        Event, on_delete=models.DO_NOTHING, primary_key=True, related_name="detail", db_constraint=False
    )
    address = models.GenericIPAddressField(_("address"), null=True)
    agent = models.CharField(_("program"), max_length=200, blank=True)
    position = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    objects = EventDetailQuerySet.as_manager()

    class Meta:
        verbose_name = _("event detail")
        verbose_name_plural = _("event details")
        constraints = [
            models.UniqueConstraint(fields=["organization", "position"], name="event_position"),
            models.CheckConstraint(
                condition=models.Q(position=None, digest="")
                | models.Q(position__gte=1) & ~models.Q(digest=""),
                name="event_sealed_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["event"], condition=models.Q(position=None), name="event_unsealed"),
        ]
        triggers = [
            pgtrigger.Protect(name="event_detail_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="event_seal_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__position__isnull=False)
                & (
                    pgtrigger.Q(old__position__df=pgtrigger.F("new__position"))
                    | pgtrigger.Q(old__digest__df=pgtrigger.F("new__digest"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} at {self.position}"
