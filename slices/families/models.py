"""A family: one slice with parameters, and a child for every value that arrives."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Stream
from slices.definitions.models import Slice
from teams.identity.models import OrganizationModel, organization_key


class Family(OrganizationModel):
    """What is true of all children. Its slice is the template: changing that changes them all at once."""

    class NewValues(models.TextChoices):
        ACTIVE = "active", _("become children at once")
        PROPOSED = "proposed", _("are proposed")
        IGNORED = "ignored", _("are left out")

    class Trains(models.TextChoices):
        EACH = "each", _("one model a child")
        TOGETHER = "together", _("one model for all")

    organization = organization_key("families")
    slice = models.OneToOneField(Slice, on_delete=models.CASCADE, related_name="family")
    new_values = models.CharField(
        _("new values"), max_length=10, choices=NewValues.choices, default=NewValues.ACTIVE
    )
    trains = models.CharField(_("trains"), max_length=10, choices=Trains.choices, default=Trains.EACH)
    gone_after_days = models.PositiveIntegerField(
        _("gone after days"),
        default=30,
        help_text=_("A child of which nothing arrived for so long is gone until something does."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("family")
        verbose_name_plural = _("families")

    def __str__(self) -> str:
        return str(self.slice)


class Child(OrganizationModel):
    """One value of a family's parameters. It has no definition of its own, only a least size if it differs."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PROPOSED = "proposed", _("proposed")
        PAUSED = "paused", _("paused")

    organization = organization_key("children")
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="children")
    key = models.TextField(_("key"))
    name = models.TextField(_("name"))
    values = models.JSONField(_("values"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ACTIVE)
    min_size = models.PositiveIntegerField(_("at least"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    last_seen_on = models.DateField(_("last seen"))
    bereft_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="An example of it was erased then: its value goes with its last one.",
    )

    class Meta:
        verbose_name = _("child of a family")
        verbose_name_plural = _("children of families")
        constraints = [models.UniqueConstraint(fields=["family", "key"], name="child_of_a_value")]
        indexes = [
            models.Index(fields=["organization", "family", "name", "id"], name="child_by_name"),
            models.Index(
                fields=["organization"], condition=models.Q(bereft_at__isnull=False), name="child_bereft"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Belonging(OrganizationModel):
    """From when on a value belongs to one of a wider level: store 417 to the region north since March.

    It holds until the next row of the same value; an empty `parent` says that it belongs nowhere.
    """

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="belongings")
    field = models.CharField(_("attribute"), max_length=60)
    value = models.TextField(_("value"))
    level = models.CharField(_("level"), max_length=60)
    parent = models.TextField(_("belongs to"), blank=True)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("belonging")
        verbose_name_plural = _("belongings")
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "field", "level", "value", "since"], name="belonging_from_then"
            )
        ]

    def __str__(self) -> str:
        return f"{self.value}: {self.parent}"
