"""Gates and decisions at the desk: what a model must show, what it came to, and signing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from slices.gates.actions import check_signable, create_gate, sign
from slices.gates.checks import read_checks
from slices.gates.models import Decision, Gate
from slices.gates.promotion import BY_SIGNATURE
from slices.gates.saying import headline
from slices.placements.models import Stage
from teams.desk.attention import Call, attention
from teams.desk.columns import linked, status
from teams.desk.deeds import ReasonForm, deed
from teams.desk.scoped import DeskForm, OrganizationAdmin, ScopedFilter
from teams.desk.site import desk
from teams.identity.models import Organization
from teams.identity.refused import Refused

EXAMPLE = (
    '[{"id": "enough", "type": "min_sample", "n": 50}, {"id": "good", "type": "absolute", "min": 0.8}, '
    '{"id": "not-worse", "type": "non_inferior", "margin": 0.03}]'
)


class GateForm(DeskForm):
    """The checks, as JSON."""

    checks = forms.JSONField(
        label=_("Checks"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "spellcheck": "false", "class": "desk-code"}),
        help_text=_("For example: %(example)s") % {"example": EXAMPLE},
    )

    def clean_checks(self) -> Any:
        """What cannot be read is said."""
        checks = self.cleaned_data["checks"]
        try:
            read_checks(checks)
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.sentence)) from None
        return checks


@admin.register(Gate, site=desk)
class GateAdmin(OrganizationAdmin):
    """A decision speaks for the gate as it was; so a gate is made, not edited."""

    add_verb = "projects.manage_project"
    form = GateForm
    add_fields = ("placement", "name", "checks", "auto_stage")
    fields = ("project_link", "placement_link", "name", "version", "checks", "auto_stage")
    readonly_fields = ("project_link", "placement_link")
    list_display = ("name", "placement_link", "project_link", "checks_shown", "auto_stage", "version")
    list_filter = (("project", ScopedFilter), ("placement", ScopedFilter))
    list_select_related = ("project", "placement")
    search_fields = ("name", "placement__name")
    search_help_text = _("Search by name or placement")
    ordering = ("name", "id")
    project_link = linked("project", _("project"))
    placement_link = linked("placement", _("placement"))

    @display(description=_("checks"))
    def checks_shown(self, row: Gate) -> str:
        """By name."""
        return ", ".join(str(check.get("id", check.get("type", ""))) for check in row.checks)

    def make_row(self, request: Any, obj: Gate, form: Any) -> Gate:
        """One gate a placement."""
        asked = {name: form.cleaned_data[name] for name in self.add_fields}
        return create_gate(by=request.user, **asked)


class SignForm(ReasonForm):
    """How far, and why."""

    stage = forms.ChoiceField(
        label=_("Let it into"),
        choices=[(stage, Stage(stage).label) for stage in BY_SIGNATURE],
        initial=BY_SIGNATURE[-1],
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("stage", "reason")


@admin.register(Decision, site=desk)
class DecisionAdmin(OrganizationAdmin):
    """What a gate said of a model, with every number; never edited."""

    fields = (
        "project_link",
        "gate_link",
        "gate_version",
        "outcome_shown",
        "said",
        "model_link",
        "champion_link",
        "evaluated",
        "clauses",
        "at",
    )
    readonly_fields = (
        "project_link",
        "gate_link",
        "outcome_shown",
        "said",
        "model_link",
        "champion_link",
        "evaluated",
    )
    list_display = ("at", "gate_link", "model_link", "outcome_shown", "said", "champion_link")
    list_filter = ("outcome", ("project", ScopedFilter), ("gate", ScopedFilter))
    list_select_related = (
        "project",
        "gate__placement",
        "model_version",
        "champion",
        "evaluation__snapshot__slice_version__slice",
        "evaluation__model_version",
    )
    search_fields = ("gate__name", "model_version__name", "model_version__version")
    search_help_text = _("Search by gate or model")
    actions = ("sign",)
    project_link = linked("project", _("project"))
    gate_link = linked("gate", _("gate"))
    model_link = linked("model_version", _("model version"))
    champion_link = linked("champion", _("compared with"))
    outcome_shown = status("outcome", _("outcome"))

    @display(description=_("what it said"))
    def said(self, row: Decision) -> str:
        """The clause that decided."""
        return headline(row)

    @display(description=_("evaluated on"))
    def evaluated(self, row: Decision) -> str:
        """How many were right, on which snapshot."""
        evaluation = row.evaluation
        return f"{evaluation.correct} / {evaluation.n}, {evaluation.snapshot}"

    @deed(
        _("Sign"),
        verb="projects.sign_project",
        check=lambda row: check_signable(row, row.gate.placement),
        form=SignForm,
    )
    def sign(self, request: Any, row: Decision, stage: str, reason: str) -> None:
        """Let the model into a stage, for a reason that stays."""
        sign(decision=row, stage=stage, reason=reason, by=request.user)


@attention
def open_decisions(organization: Organization) -> Iterator[Call]:
    """Where the last word of a gate is that it cannot tell yet."""
    newest = organization.decisions.order_by().values("gate").annotate(last=Max("pk")).values("last")
    open_ones = organization.decisions.filter(pk__in=newest, outcome=Decision.Outcome.INCONCLUSIVE)
    for decision in open_ones.select_related("gate", "model_version")[:20]:
        words = _("Gate “%(gate)s” cannot tell yet about %(model)s: %(why)s") % {
            "gate": decision.gate.name,
            "model": decision.model_version,
            "why": headline(decision),
        }
        yield Call(words, reverse("admin:slices_decision_change", args=[decision.pk]), "warn")
