"""A request to erase examples, and how far each eraser is with it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Project, Stream
from teams.identity.models import OrganizationModel, User, organization_key


class ErasureQuerySet(models.QuerySet["Erasure"]):
    """Questions about erasures."""

    def unfinished(self) -> ErasureQuerySet:
        """Something is still to be removed."""
        return self.filter(done_at=None)


class Erasure(OrganizationModel):
    """Somebody asked for examples to be erased: by key, by number, or all with some value of an attribute.

    `wanted` says which, and is emptied as soon as the last of them is marked: a person's key is personal too.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="erasures")
    stream = models.ForeignKey(
        Stream, on_delete=models.CASCADE, null=True, blank=True, related_name="erasures"
    )
    attribute = models.CharField(_("by attribute"), max_length=60, blank=True)
    wanted = models.JSONField(null=True)
    reference = models.CharField(
        _("reference"),
        max_length=120,
        blank=True,
        help_text=_("The letter or ticket that this answers. No names: it is kept."),
    )
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    n = models.PositiveIntegerField(_("examples"), default=0)
    n_unknown = models.PositiveIntegerField(_("not found"), default=0)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    marked_at = models.DateTimeField(_("gone from every page since"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    look_at = models.DateTimeField(default=timezone.now)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(wanted=None, marked_at__isnull=False),
                name="erasure_forgets_what_it_looked_for",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "project", "-id"], name="erasure_newest"),
            models.Index(fields=["look_at"], condition=Q(done_at=None), name="erasure_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{_('Erasure')} {self.pk}"


class ErasureStep(OrganizationModel):
    """One eraser's part: how many things it removed, and when it had them all."""

    organization = organization_key("erasure_steps")
    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=60)
    n = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("step of an erasure")
        verbose_name_plural = _("steps of erasures")
        constraints = [models.UniqueConstraint(fields=["erasure", "name"], name="erasure_step_is_one")]

    def __str__(self) -> str:
        return self.name
