"""Typed checks on a new model, and what they came to."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import ModelVersion, Project
from slices.placements.models import Placement, Stage, StageMove
from slices.runs.models import Evaluation
from teams.identity.models import OrganizationModel, User, organization_key


class Gate(OrganizationModel):
    """What a model must show before it may be used in a placement.

    `checks` is a list like {"id": "enough", "type": "min_sample", "n": 50},
    {"id": "good", "type": "absolute", "metric": "accuracy", "min": 0.8, "level": 0.95},
    {"id": "not_worse", "type": "non_inferior", "metric": "accuracy", "margin": 0.03, "level": 0.95}.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="gates")
    placement = models.OneToOneField(Placement, on_delete=models.CASCADE, related_name="gate")
    name = models.CharField(_("name"), max_length=120)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    checks = models.JSONField(_("checks"), default=list)
    auto_stage = models.CharField(
        _("on a pass, promote by itself to"),
        max_length=30,
        choices=Stage.choices,
        default=Stage.INTERNAL_RECOMMENDATION,
        help_text=_("Above internal recommendation a person signs."),
    )

    class Meta:
        verbose_name = _("gate")
        verbose_name_plural = _("gates")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Decision(OrganizationModel):
    """What a gate said of a model version, with every number it looked at; never edited.

    A new look is a new decision. Missing evidence is inconclusive, never a pass.
    """

    class Outcome(models.TextChoices):
        PASS = "pass", _("pass")
        FAIL = "fail", _("fail")
        INCONCLUSIVE = "inconclusive", _("inconclusive")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="decisions")
    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="decisions")
    gate_version = models.PositiveIntegerField()
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="decisions")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="decisions")
    champion = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="defences")
    champion_evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, null=True, related_name="defences"
    )
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome.choices)
    clauses = models.JSONField(_("clause by clause"), default=list)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("gate decision")
        verbose_name_plural = _("gate decisions")
        indexes = [
            models.Index(fields=["organization", "project", "-id"], name="decision_newest"),
            models.Index(fields=["organization", "model_version", "-id"], name="decision_of_model"),
        ]
        triggers = [pgtrigger.Protect(name="decision_never_changes", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.gate}: {self.get_outcome_display()}"


class SignOff(OrganizationModel):
    """A person's signature under a decision: over the hashes of what was decided, with a reason."""

    organization = organization_key("sign_offs")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="sign_offs")
    stage = models.CharField(_("stage"), max_length=30, choices=Stage.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sign_offs")
    reason = models.TextField(_("reason"))
    signed_sha256 = models.CharField(max_length=64)
    move = models.OneToOneField(StageMove, on_delete=models.PROTECT, related_name="sign_off")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("sign-off")
        verbose_name_plural = _("sign-offs")
        constraints = [models.UniqueConstraint(fields=["decision", "stage"], name="signed_once")]
        triggers = [
            pgtrigger.Protect(name="sign_off_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.by} on {self.decision}"
