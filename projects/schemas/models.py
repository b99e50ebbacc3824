"""The questions people answer: a versioned schema, frozen once used."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.identity.models import OrganizationModel, organization_key


class LabelSchema(OrganizationModel):
    """One version of a project's questions.

    `questions` is a list of {"name", "kind", "title", "required"?, "help"?, "key"?, "visible_if"?} with what the kind
    asks, for example {"kind": "choice", "options": [{"value", "title", "key", "parent"}]}; `questions.KINDS` has them
    all, `visibility` says what a condition may be.
    """

    organization = organization_key("label_schemas")
    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="label_schemas")
    version = models.PositiveIntegerField(_("version"))
    questions = models.JSONField(_("questions"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    frozen_at = models.DateTimeField(_("frozen"), null=True, editable=False)

    class Meta:
        verbose_name = _("label schema")
        verbose_name_plural = _("label schemas")
        ordering = ["project", "-version"]
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="label_schema_version")]

    def __str__(self) -> str:
        return f"{self.project} v{self.version}"
