"""Families at the desk: their rules, their children, and who belongs where."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from projects.conditions import Condition, ConditionError
from projects.conditions.forms import condition_field
from projects.schemas.fields import field_specs
from projects.streams.models import Stream
from slices.definitions.actions import SPLITS, Definition, check_params
from slices.definitions.models import SliceVersion
from slices.families.actions import change_child, change_family, create_family
from slices.families.models import Belonging, Child, Family
from teams.desk.columns import linked, status
from teams.desk.deeds import deed
from teams.desk.scoped import DeskForm, OrganizationAdmin, ScopedFilter
from teams.desk.site import desk
from teams.identity.refused import Refused

VERB = "projects.manage_project"
RULES = ("new_values", "trains", "gone_after_days")
TEMPLATE = ("stream", "name", "slug", "by_attribute", "condition", "labels", "min_size")
TYPES = {"string": "string", "enum": "string", "number": "number", "boolean": "boolean"}


class FamilyForm(DeskForm):
    """A new family: the attribute whose every value gets a child, and what else a child asks of its members."""

    stream: forms.ModelChoiceField[Stream] = forms.ModelChoiceField(
        label=_("Stream"), queryset=None, widget=UnfoldAdminSelectWidget
    )
    name = forms.CharField(label=_("Name"), max_length=120, widget=UnfoldAdminTextInputWidget)
    slug = forms.SlugField(label=_("Address"), max_length=80, widget=UnfoldAdminTextInputWidget)
    by_attribute = forms.CharField(
        label=_("One child for every"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("A declared attribute of the stream, for example store."),
    )
    condition = condition_field(
        _("Condition"), _("What else an example must meet, for example confidence < 0.8. Empty: nothing.")
    )
    labels = forms.ChoiceField(
        label=_("Labels"), choices=SliceVersion.Labels.choices, widget=UnfoldAdminSelectWidget
    )
    min_size = forms.IntegerField(
        label=_("At least"),
        min_value=0,
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("A child with fewer members is too small: it borrows a wider model."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields.get("stream")
        if field is not None:
            field.queryset = self.organization.streams.order_by("name")

    def clean(self) -> dict[str, Any]:
        """The template; what is wrong with it stands beside its field."""
        super().clean()
        stream, name = self.cleaned_data.get("stream"), self.cleaned_data.get("by_attribute")
        if stream is None or not name:
            return self.cleaned_data
        spec = field_specs(stream.fields).get(name)
        if spec is None or spec.type not in TYPES:
            self.add_error(
                "by_attribute", str(_("The stream declares no such attribute of one plain value."))
            )
        else:
            self.read_template(stream, name, TYPES[spec.type])
        if stream.project.slices.filter(slug=self.cleaned_data.get("slug")).exists():
            self.add_error("slug", str(_("This address is taken by another slice.")))
        return self.cleaned_data

    def read_template(self, stream: Stream, name: str, kind: str) -> None:
        """`definition`, or why there is none."""
        picks = {"op": "=", "args": [{"property": name}, {"param": name}]}
        try:
            rest = Condition.from_text(self.cleaned_data.get("condition", ""), stream).json
            node = picks if rest is None else {"op": "and", "args": [picks, rest]}
            check_params(Condition.from_json(node, stream, params={name: kind}))
        except ConditionError as error:
            self.add_error("condition", [row["detail"] for row in error.errors])
        except Refused as refusal:
            self.add_error("condition", str(refusal.sentence))
        else:
            self.cleaned_data["definition"] = Definition(
                condition=node,
                params={name: kind},
                labels=self.cleaned_data.get("labels", SliceVersion.Labels.ACCEPTED),
                splits=SPLITS[:1],
                min_size=self.cleaned_data.get("min_size") or 0,
            )


@admin.register(Family, site=desk)
class FamilyAdmin(OrganizationAdmin):
    """One template, a child for every value."""

    add_verb = change_verb = VERB
    add_form = FamilyForm
    add_fields = (*TEMPLATE, *RULES)
    fields = ("slice_link", *RULES, "created_at")
    readonly_fields = ("slice_link", "created_at")
    list_display = ("__str__", "slice_link", "n_children", *RULES)
    list_filter = ("new_values", "trains", ("slice", ScopedFilter))
    list_select_related = ("slice__project",)
    search_fields = ("slice__name", "slice__slug")
    search_help_text = _("Search by name or address")
    slice_link = linked("slice", _("template"))

    def get_queryset(self, request: Any) -> models.QuerySet[Family]:
        """With the number of children."""
        return super().get_queryset(request).select_related("slice").annotate(many=Count("children"))

    @display(description=_("children"), ordering="many")
    def n_children(self, row: Any) -> int:
        """How many there are."""
        return int(row.many)

    def make_row(self, request: Any, obj: Family, form: Any) -> Family:
        """With its template."""
        asked = form.cleaned_data
        names = ("stream", "name", "slug", "definition", *RULES)
        return create_family(by=request.user, **{name: asked[name] for name in names})

    def change_row(self, request: Any, obj: Family, form: Any) -> None:
        """Other rules."""
        before = self.get_queryset(request).get(pk=obj.pk)
        change_family(family=before, by=request.user, **{name: form.cleaned_data[name] for name in RULES})


def check_state(row: Child, *states: str) -> None:
    """Whether a deed fits what people decided of the child so far."""
    if row.state not in states:
        raise Refused(_("It is so already."))


@admin.register(Child, site=desk)
class ChildAdmin(OrganizationAdmin):
    """One value of a family; it appears by itself."""

    fields = ("family_link", "name", "values", "state_shown", "min_size", "first_seen_at", "last_seen_on")
    readonly_fields = ("family_link", "state_shown")
    list_display = ("name", "family_link", "state_shown", "min_size", "first_seen_at", "last_seen_on")
    list_filter = ("state", ("family", ScopedFilter))
    list_select_related = ("family__slice",)
    search_fields = ("name",)
    search_help_text = _("Search by value")
    ordering = ("name", "id")
    actions = ("activate", "pause")
    family_link = linked("family", _("family"))
    state_shown = status("state", _("state"))

    @deed(_("Make active"), verb=VERB, check=lambda row: check_state(row, "proposed", "paused"))
    def activate(self, request: Any, row: Child) -> None:
        """It is frozen and trained on from now on."""
        change_child(child=row, state=Child.State.ACTIVE, min_size=row.min_size, by=request.user)

    @deed(_("Pause"), verb=VERB, check=lambda row: check_state(row, "active", "proposed"))
    def pause(self, request: Any, row: Child) -> None:
        """It is left out until it is made active again."""
        change_child(child=row, state=Child.State.PAUSED, min_size=row.min_size, by=request.user)


@admin.register(Belonging, site=desk)
class BelongingAdmin(OrganizationAdmin):
    """Who belongs to which of a wider level, and since when; scripts write it."""

    fields = ("stream_link", "field", "value", "level", "parent", "since")
    readonly_fields = ("stream_link",)
    list_display = ("value", "field", "level", "parent", "since", "stream_link")
    list_filter = ("level", ("stream", ScopedFilter))
    list_select_related = ("stream",)
    search_fields = ("value", "parent")
    search_help_text = _("Search by value or what it belongs to")
    ordering = ("value", "-since", "id")
    stream_link = linked("stream", _("stream"))
