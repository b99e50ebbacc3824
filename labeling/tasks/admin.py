"""Tasks at the desk: what is open, who holds it; nothing is edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from labeling.tasks.models import Lease, Task
from teams.desk.columns import linked, status
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk


class LeaseInline(OrganizationInline):
    """Who held it, and how that ended."""

    model = Lease
    fields = ("user", "state", "claimed_at", "expires_at", "ended_at")
    show_change_link = False
    verbose_name_plural = _("who held it")

    def get_queryset(self, request: Any) -> Any:
        """With the people."""
        return super().get_queryset(request).select_related("user")


@admin.register(Task, site=desk)
class TaskAdmin(OrganizationAdmin):
    """One unit of work each."""

    fields = (
        "queue_link",
        "example_key",
        "state_shown",
        "selected_by",
        "inclusion_probability",
        "round",
        "open_slots",
        "priority",
        "order_key",
        "due_at",
        "opened_at",
        "ended_at",
        "expiries",
    )
    readonly_fields = ("queue_link", "example_key", "state_shown")
    inlines = (LeaseInline,)
    list_display = (
        "pk",
        "queue_link",
        "example_key",
        "state_shown",
        "selected_by",
        "open_slots",
        "opened_at",
    )
    list_filter = ("state", "selected_by", ("queue", ScopedFilter))
    list_select_related = ("queue", "example")
    search_fields = ("=id", "=example__key")
    search_help_text = _("Search by the task's number or the example's whole key")
    queue_link = linked("queue", _("queue"))
    state_shown = status("state", _("state"))

    @display(description=_("example"))
    def example_key(self, row: Task) -> str:
        """As its pipeline calls it."""
        return row.example.key
