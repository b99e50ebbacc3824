"""Tasks at the desk: what is open, who holds it, whom it waits for; assigned, put back and dropped here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from labeling.tasks.meant import assign, back_in_line, check_aside, check_assign, check_drop, drop
from labeling.tasks.models import Lease, Task
from teams.desk.attention import Call, attention
from teams.desk.columns import linked, status
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk
from teams.identity.models import Organization, User

VERB = "projects.manage_project"


class LeaseInline(OrganizationInline):
    """Who held it, and how that ended."""

    model = Lease
    fields = ("user", "state", "claimed_at", "expires_at", "ended_at", "said")
    show_change_link = False
    verbose_name_plural = _("who held it")

    def get_queryset(self, request: Any) -> Any:
        """With the people."""
        return super().get_queryset(request).select_related("user")


class PersonForm(forms.Form):
    """Whom it is for."""

    to = forms.ChoiceField(label=_("Person"), widget=UnfoldAdminSelectWidget)

    def fill(self, organization: Organization, rows: list[Any]) -> None:
        """Offer the people who are here."""
        members = (
            organization.memberships.active().people().select_related("user").order_by("user__name", "pk")
        )
        self.known: dict[str, User] = {str(row.pk): row.user for row in members}
        field: Any = self.fields["to"]
        field.choices = [(key, f"{user} ({user.email})") for key, user in self.known.items()]

    def clean_to(self) -> User:
        """The person chosen."""
        return self.known[self.cleaned_data["to"]]


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
        "line",
        "assigned_to",
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
        "line",
        "opened_at",
    )
    list_filter = ("state", "line", "selected_by", ("queue", ScopedFilter))
    list_select_related = ("queue", "example", "assigned_to")
    actions = ("assign", "back_in_line", "drop")
    search_fields = ("=id", "=example__key")
    search_help_text = _("Search by the task's number or the example's whole key")
    queue_link = linked("queue", _("queue"))
    state_shown = status("state", _("state"))

    @display(description=_("example"))
    def example_key(self, row: Task) -> str:
        """As its pipeline calls it."""
        return row.example.key

    @deed(_("Assign"), verb=VERB, form=PersonForm, check=check_assign)
    def assign(self, request: Any, row: Task, to: User) -> None:
        """Give it to one person."""
        assign(task=row, to=to, by=request.user)

    @deed(_("Back in line"), verb=VERB, check=check_aside)
    def back_in_line(self, request: Any, row: Task) -> None:
        """Let anybody have it again."""
        back_in_line(task=row, by=request.user)

    @deed(_("Drop"), verb=VERB, check=check_drop, danger=True)
    def drop(self, request: Any, row: Task) -> None:
        """Ask nobody about it any more."""
        drop(task=row, by=request.user)


@attention
def tasks_aside(organization: Organization) -> Iterator[Call]:
    """What waits for a manager: flagged tasks, and those that others let run out."""
    lines = (Task.Line.FLAGGED, Task.Line.ESCALATED)
    aside = organization.tasks.filter(state=Task.State.OPEN, line__in=lines)
    listed = reverse("admin:labeling_task_changelist")
    for line, n in aside.order_by("line").values_list("line").annotate(n=Count("pk")):
        words = WAITING[line](n)
        yield Call(words % {"n": n}, f"{listed}?state__exact=open&line__exact={line}", "warn")


WAITING = {
    Task.Line.FLAGGED: lambda n: ngettext(
        "%(n)s task was flagged for a manager.", "%(n)s tasks were flagged for a manager.", n
    ),
    Task.Line.ESCALATED: lambda n: ngettext(
        "%(n)s task waits for the escalation team.", "%(n)s tasks wait for the escalation team.", n
    ),
}
