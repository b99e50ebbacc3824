"""Slices at the desk: editing what one means makes its next version; versions never change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import F, Func, Max
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from labeling.queues.models import Queue
from projects.conditions.forms import condition_text
from slices.definitions.actions import change_slice, create_slice, describe_slice
from slices.definitions.desk_form import NAMES, SliceForm, fieldsets
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.saying import chips, delays, in_window
from teams.desk.columns import linked, short_hash
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk


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
        return ", ".join(chip.text for chip in (in_window(row.window), *delays(row.window)))


class TagFilter(admin.SimpleListFilter):
    """By a tag that slices of this organization have."""

    title = _("tag")
    parameter_name = "tag"
    MOST = 200

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """Every tag, in order."""
        tags = request.organization.slices.annotate(tag=Func(F("tags"), function="unnest")).order_by("tag")
        return [(tag, tag) for tag in tags.values_list("tag", flat=True).distinct()[: self.MOST]]

    def queryset(self, request: Any, queryset: models.QuerySet[Slice]) -> models.QuerySet[Slice]:
        """The slices that have it."""
        return queryset.filter(tags__contains=[self.value()]) if self.value() else queryset


@admin.register(Slice, site=desk)
class SliceAdmin(OrganizationAdmin):
    """A name that people and schedules follow."""

    add_verb = change_verb = "projects.manage_project"
    form = SliceForm
    readonly_fields = ("project_link", "stream_link", "slug")
    inlines = (SliceVersionInline,)
    list_display = ("name", "project_link", "stream_link", "tags_shown", "newest", "created_at")
    list_filter = (TagFilter, ("project", ScopedFilter), ("stream", ScopedFilter))
    list_select_related = ("project", "stream")
    search_fields = ("name", "slug", "project__name", "tags", "speaks_of")
    search_help_text = _("Search by name, address, project, tag or attribute")
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

    def get_fieldsets(self, request: Any, obj: Slice | None = None) -> Any:
        """In the order in which a slice narrows; who may only look sees the same."""
        return fieldsets(("project_link", "stream_link", *NAMES) if obj else ("stream", *NAMES))

    def get_readonly_fields(self, request: Any, obj: Slice | None = None) -> Any:
        """The stream and the address are chosen once."""
        return self.readonly_fields if obj else ()

    @display(description=_("tags"), empty_value="—")
    def tags_shown(self, row: Slice) -> str | None:
        """With commas between them."""
        return ", ".join(row.tags) or None

    def make_row(self, request: Any, obj: Slice, form: Any) -> Slice:
        """With its first version."""
        asked = form.cleaned_data
        names = ("stream", "slug", "name", "description", "tags")
        return create_slice(
            definition=form.definition(), by=request.user, **{name: asked[name] for name in names}
        )

    def change_row(self, request: Any, obj: Slice, form: Any) -> None:
        """Name, description and tags as they are; the meaning as a next version, if it is another."""
        stored = request.organization.slices.select_related("organization", "stream").get(pk=obj.pk)
        names = {name: form.cleaned_data[name] for name in ("name", "description", "tags")}
        describe_slice(slice=stored, by=request.user, **names)
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
        "whole_meaning",
        "min_size",
        "max_size",
        "definition_hash",
        "created_at",
        "created_by",
    )
    readonly_fields = ("slice_link", "condition_shown", "window_shown", "queue_names", "whole_meaning")
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

    @display(description=_("all of it"))
    def whole_meaning(self, row: SliceVersion) -> str:
        """In the order in which it narrows."""
        return " · ".join(chip.text for chip in chips(row))
