"""Placements at the desk: what applies where, taking it back, handing it to people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _

from slices.placements.actions import (
    check_human_fallback,
    check_roll_back,
    create_placement,
    human_fallback,
    roll_back,
)
from slices.placements.adopting import adopt, check_adopt
from slices.placements.forms import AdoptForm
from slices.placements.models import Placement, StageMove
from teams.desk.columns import linked, status
from teams.desk.deeds import ReasonForm, deed
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk

VERB = "projects.manage_project"


class StageMoveInline(OrganizationInline):
    """The history: what applied, since when, and why."""

    model = StageMove
    fields = ("at", "kind", "stage", "model_version", "reason", "by")
    show_change_link = False
    verbose_name_plural = _("moves, newest first")
    ordering = ("-id",)
    per_page = 20

    def get_queryset(self, request: Any) -> models.QuerySet[StageMove]:
        """With models and people."""
        return super().get_queryset(request).select_related("model_version", "by")


@admin.register(Placement, site=desk)
class PlacementAdmin(OrganizationAdmin):
    """Sluice writes down what should apply; pipelines ask for it."""

    add_verb = change_verb = VERB
    add_fields = ("project", "name", "slug", "model_name", "confidence_floor")
    fields = (
        "project_link",
        "name",
        "slug",
        "model_name",
        "stage_shown",
        "model_link",
        "since",
        "confidence_floor",
    )
    readonly_fields = ("project_link", "slug", "model_name", "stage_shown", "model_link", "since")
    inlines = (StageMoveInline,)
    list_display = ("name", "project_link", "stage_shown", "model_link", "since", "confidence_floor")
    list_filter = ("stage", ("project", ScopedFilter))
    list_select_related = ("project", "model_version")
    search_fields = ("name", "slug", "model_name")
    search_help_text = _("Search by name, address or model")
    ordering = ("name", "id")
    actions = ("adopt", "roll_back", "people_decide")
    project_link = linked("project", _("project"))
    model_link = linked("model_version", _("model version"))
    stage_shown = status("stage", _("stage"))

    def make_row(self, request: Any, obj: Placement, form: Any) -> Placement:
        """People decide there until a model is moved in."""
        asked = {name: form.cleaned_data[name] for name in self.add_fields}
        return create_placement(by=request.user, **asked)

    @deed(
        _("Adopt a model from outside"),
        verb=VERB,
        check=check_adopt,
        form=AdoptForm,
        words=_(
            "The model that is in use already becomes the first one here. What comes after it passes a gate."
        ),
    )
    def adopt(self, request: Any, row: Placement, **said: str) -> None:
        """Today's model, which was trained elsewhere."""
        adopt(placement=row, by=request.user, **said)

    @deed(_("Roll back"), verb=VERB, check=check_roll_back, form=ReasonForm, danger=True)
    def roll_back(self, request: Any, row: Placement, reason: str) -> None:
        """Return to what applied before."""
        roll_back(placement=row, reason=reason, by=request.user)

    @deed(_("Let people decide"), verb=VERB, check=check_human_fallback, form=ReasonForm, danger=True)
    def people_decide(self, request: Any, row: Placement, reason: str) -> None:
        """No model is used there from now on."""
        human_fallback(placement=row, reason=reason, by=request.user)
