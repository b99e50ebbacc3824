"""Slices at the desk: editing what one means makes its next version; versions never change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Max
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from labeling.queues.models import Queue
from projects.conditions.forms import ConditionForm, condition_text
from slices.definitions.actions import (
    CLOCKS,
    SPLITS,
    Definition,
    change_slice,
    check_window,
    create_slice,
    current,
)
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.saying import in_window
from teams.desk.columns import linked, short_hash
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk
from teams.identity.refused import Refused

MEANING = (
    "condition",
    "window_clock",
    "window_length",
    "labels",
    "splits",
    "random_only",
    "from_queues",
    "min_size",
    "max_size",
)


class SliceForm(ConditionForm):
    """A slice's name and what it means; one that means something else is the next version."""

    window_clock = forms.ChoiceField(
        label=_("Window by"),
        required=False,
        choices=[("", _("No window: everything")), *((clock, clock) for clock in CLOCKS)],
        widget=UnfoldAdminSelectWidget,
    )
    window_length = forms.CharField(
        label=_("Window length"),
        required=False,
        max_length=20,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("How far back from the moment of freezing: 60d, 12h, 8w."),
    )
    labels = forms.ChoiceField(
        label=_("Labels"), choices=SliceVersion.Labels.choices, widget=UnfoldAdminSelectWidget
    )
    splits = forms.MultipleChoiceField(
        label=_("Splits"),
        choices=[(split, split) for split in SPLITS],
        initial=["train"],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    random_only = forms.BooleanField(
        label=_("Drawn by lot only"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("For evaluation: labels drawn by rule would flatter or shame."),
    )
    from_queues: forms.ModelMultipleChoiceField[Queue] = forms.ModelMultipleChoiceField(
        label=_("Labels from queues"),
        queryset=None,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None ticked: from every queue whose answers count."),
    )
    min_size = forms.IntegerField(
        label=_("At least"), min_value=0, initial=0, widget=UnfoldAdminIntegerFieldWidget
    )
    max_size = forms.IntegerField(
        label=_("At most"), min_value=1, required=False, widget=UnfoldAdminIntegerFieldWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        queues = self.organization.queues.order_by("name")
        if self.instance.pk:
            queues = queues.filter(stream=self.instance.stream_id)
            self.initial.update(meaning_of(self.instance))
        field: Any = self.fields.get("from_queues")
        if field is not None:
            field.queryset = queues

    def clean(self) -> dict[str, Any]:
        """A window is both its clock and its length, or neither."""
        super().clean()
        try:
            check_window(self.window())
        except Refused as refusal:
            self.add_error("window_length", str(refusal.sentence))
        return self.cleaned_data

    def named_as(self) -> str | None:
        """A slice that is there may be referred to by its address."""
        return self.instance.slug if self.instance.pk else None

    def params(self) -> dict[str, str]:
        """Those of a family's template stay what they are."""
        return dict(current(self.instance).params) if self.instance.pk else {}

    def window(self) -> dict[str, str] | None:
        """As it is stored."""
        clock, length = (self.cleaned_data.get(name, "") for name in ("window_clock", "window_length"))
        return {"clock": clock, "length": length} if clock or length else None

    def definition(self) -> Definition:
        """What was typed, as an action takes it."""
        asked = self.cleaned_data
        same = ("condition", "labels", "splits", "random_only", "min_size", "max_size")
        queues = [queue.pk for queue in asked["from_queues"]]
        values = {name: asked[name] for name in same}
        return Definition(**values, params=self.params(), window=self.window(), queues=queues)


def meaning_of(slice_: Slice) -> dict[str, Any]:
    """The form's values for what a slice means now."""
    version = current(slice_)
    window = version.window or {"clock": "", "length": ""}
    same = ("labels", "splits", "random_only", "min_size", "max_size")
    return {name: getattr(version, name) for name in same} | {
        "condition": condition_text(version.condition),
        "window_clock": window["clock"],
        "window_length": window["length"],
        "from_queues": version.queues,
    }


class SliceVersionInline(OrganizationInline):
    """What it meant, version by version."""

    model = SliceVersion
    fields = (
        "version",
        "condition_shown",
        "window_shown",
        "labels",
        "splits",
        "random_only",
        "created_by",
        "created_at",
    )
    readonly_fields = ("condition_shown", "window_shown")
    verbose_name_plural = _("versions")
    ordering = ("-version",)

    def get_queryset(self, request: Any) -> models.QuerySet[SliceVersion]:
        """With who wrote them."""
        return super().get_queryset(request).select_related("created_by", "slice__stream")

    @display(description=_("condition"))
    def condition_shown(self, row: SliceVersion) -> str:
        """In words."""
        return condition_text(row.condition) or str(_("every example"))

    @display(description=_("window"))
    def window_shown(self, row: SliceVersion) -> str:
        """In words."""
        return in_window(row.window).text


@admin.register(Slice, site=desk)
class SliceAdmin(OrganizationAdmin):
    """A name that people and schedules follow."""

    add_verb = change_verb = "projects.manage_project"
    form = SliceForm
    add_fields = ("stream", "name", "slug", "description", *MEANING)
    fields = ("project_link", "stream_link", "name", "slug", "description", *MEANING)
    readonly_fields = ("project_link", "stream_link", "slug")
    inlines = (SliceVersionInline,)
    list_display = ("name", "project_link", "stream_link", "newest", "created_at")
    list_filter = (("project", ScopedFilter), ("stream", ScopedFilter))
    list_select_related = ("project", "stream")
    search_fields = ("name", "slug", "project__name")
    search_help_text = _("Search by name, address or project")
    ordering = ("name", "id")
    project_link = linked("project", _("project"))
    stream_link = linked("stream", _("stream"))

    def get_queryset(self, request: Any) -> models.QuerySet[Slice]:
        """With the number of the newest version."""
        return super().get_queryset(request).annotate(newest=Max("versions__version"))

    @display(description=_("version"), ordering="newest", empty_value="—")
    def newest(self, row: Any) -> int | None:
        """Which one holds now."""
        return int(row.newest) if row.newest else None

    def make_row(self, request: Any, obj: Slice, form: Any) -> Slice:
        """With its first version."""
        asked = form.cleaned_data
        names = ("stream", "slug", "name", "description")
        return create_slice(
            definition=form.definition(), by=request.user, **{name: asked[name] for name in names}
        )

    def change_row(self, request: Any, obj: Slice, form: Any) -> None:
        """Name and description as they are; the meaning as a next version, if it is another."""
        super().change_row(request, obj, form)
        change_slice(slice=obj, definition=form.definition(), by=request.user)


@admin.register(SliceVersion, site=desk)
class SliceVersionAdmin(OrganizationAdmin):
    """What a slice means, for ever."""

    fields = (
        "slice_link",
        "version",
        "condition_shown",
        "window_shown",
        "labels",
        "queue_names",
        "splits",
        "random_only",
        "min_size",
        "max_size",
        "definition_hash",
        "created_at",
        "created_by",
    )
    readonly_fields = ("slice_link", "condition_shown", "window_shown", "queue_names")
    list_display = ("__str__", "slice_link", "labels", "splits", "random_only", "hash_shown", "created_at")
    list_filter = (("slice", ScopedFilter), "random_only")
    list_select_related = ("slice__stream", "created_by")
    search_fields = ("slice__name", "slice__slug", "definition_hash")
    search_help_text = _("Search by slice or hash")
    slice_link = linked("slice", _("slice"))
    hash_shown = short_hash("definition_hash", _("hash"))

    condition_shown = SliceVersionInline.condition_shown
    window_shown = SliceVersionInline.window_shown

    @display(description=_("labels from queues"))
    def queue_names(self, row: SliceVersion) -> str:
        """By name."""
        queues: models.QuerySet[Queue] = row.organization.queues.filter(pk__in=row.queues)
        return ", ".join(queue.name for queue in queues) or str(_("every queue whose answers count"))
