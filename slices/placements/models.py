"""Where a model is used, and how far it is trusted there."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import ModelVersion, Project
from teams.identity.models import OrganizationModel, User, organization_key, slug_is_plain


class Stage(models.TextChoices):
    """How far a model is trusted."""

    REGISTERED = "registered", _("registered")
    SHADOW = "shadow", _("shadow")
    INTERNAL_RECOMMENDATION = "internal_recommendation", _("internal recommendation")
    PRODUCTION = "production", _("production")
    HUMAN_FALLBACK = "human_fallback", _("people decide")


# From least to most trusted. Where people decide there is no model, so it has no rank.
LADDER: tuple[str, ...] = (Stage.REGISTERED, Stage.SHADOW, Stage.INTERNAL_RECOMMENDATION, Stage.PRODUCTION)


def rank(stage: str | None) -> int:
    """How far a stage trusts a model: 0 for people, 4 for production."""
    return LADDER.index(stage) + 1 if stage in LADDER else 0


class Placement(OrganizationModel):
    """One place where a model is used. Stage and model are the outcome of the last move."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="placements")
    slug = models.SlugField(_("address"), max_length=50, validators=[slug_is_plain])
    name = models.CharField(_("name"), max_length=120)
    model_name = models.CharField(_("model"), max_length=80)
    stage = models.CharField(
        _("stage"), max_length=30, choices=Stage.choices, default=Stage.HUMAN_FALLBACK, editable=False
    )
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="placements",
        editable=False,
    )
    confidence_floor = models.FloatField(_("confidence floor"), default=0.0)
    since = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "slug"], name="placement_address"),
            models.CheckConstraint(
                condition=Q(stage="human_fallback") | Q(model_version__isnull=False),
                name="a_stage_has_a_model",
            ),
            models.CheckConstraint(
                condition=Q(confidence_floor__gte=0, confidence_floor__lte=1), name="floor_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StageMove(OrganizationModel):
    """One change of a placement, append-only; what was live at a time is an indexed look-up."""

    class Kind(models.TextChoices):
        MADE = "made", _("made")
        MOVED = "moved", _("moved")
        PROMOTED = "promoted", _("promoted by the gate")
        SIGNED = "signed", _("signed by a person")
        ROLLED_BACK = "rolled_back", _("rolled back")
        PEOPLE_DECIDE = "people_decide", _("handed to people")
        ADOPTED = "adopted", _("adopted from outside")

    organization = organization_key("stage_moves")
    placement = models.ForeignKey(Placement, on_delete=models.CASCADE, related_name="moves")
    kind = models.CharField(_("how"), max_length=20, choices=Kind.choices, default=Kind.MOVED)
    stage = models.CharField(_("stage"), max_length=30, choices=Stage.choices)
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, related_name="stage_moves"
    )
    reason = models.TextField(_("reason"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("stage move")
        verbose_name_plural = _("stage moves")
        indexes = [models.Index(fields=["organization", "placement", "-at"], name="stage_move_newest")]
        triggers = [
            pgtrigger.Protect(name="stage_move_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.placement} to {self.get_stage_display()}"
