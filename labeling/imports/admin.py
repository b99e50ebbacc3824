"""Imports at the desk: how far they are, what was not taken, cancelling and resuming; and who labelled outside."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from labeling.answers.models import ImportedPerson
from labeling.answers.people import map_person
from labeling.imports.actions import cancel, check_cancel, check_resume, resume
from labeling.imports.models import Import, RejectedRow
from teams.desk.columns import linked, status
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk
from teams.identity.models import Organization, User

VERB = "projects.manage_project"


class RejectedRowInline(OrganizationInline):
    """What was not taken."""

    model = RejectedRow
    fields = ("place", "key", "why")
    readonly_fields = ("why",)
    show_change_link = False
    verbose_name_plural = _("rows that were not taken")
    ordering = ("id",)
    per_page = 20

    @display(description=_("what is wrong"))
    def why(self, row: RejectedRow) -> str:
        """In words, with where."""
        return "; ".join(f"{error['pointer']} {error['detail']}".strip() for error in row.errors)


@admin.register(Import, site=desk)
class ImportAdmin(OrganizationAdmin):
    """Files are brought on the project's page of imports, or over REST."""

    fields = (
        "name",
        "project_link",
        "stream_link",
        "state_shown",
        "error",
        "format",
        "mode",
        "trust",
        "audit_percent",
        "drawn_by_lot",
        "rows_done",
        "created",
        "updated",
        "unchanged",
        "rejected",
        "labels",
        "created_by",
        "created_at",
        "started_at",
        "ended_at",
    )
    readonly_fields = ("project_link", "stream_link", "state_shown")
    inlines = (RejectedRowInline,)
    list_display = (
        "name",
        "project_link",
        "stream_link",
        "state_shown",
        "rows_done",
        "labels",
        "rejected",
        "created_at",
    )
    list_filter = ("state", ("project", ScopedFilter), ("stream", ScopedFilter))
    list_select_related = ("project", "stream", "created_by")
    search_fields = ("name",)
    search_help_text = _("Search by file")
    ordering = ("-id",)
    actions = ("cancel", "resume")
    project_link = linked("project", _("project"))
    stream_link = linked("stream", _("stream"))
    state_shown = status("state", _("state"))

    @deed(_("Cancel"), verb=VERB, check=check_cancel, danger=True)
    def cancel(self, request: Any, row: Import) -> None:
        """Take no more of it."""
        cancel(row=row, by=request.user)

    @deed(_("Resume"), verb=VERB, check=check_resume)
    def resume(self, request: Any, row: Import) -> None:
        """Go on where it stopped."""
        resume(row=row, by=request.user)


class MemberForm(forms.Form):
    """Which member it is."""

    member = forms.ChoiceField(label=_("Is our member"), required=False, widget=UnfoldAdminSelectWidget)

    def fill(self, organization: Organization, rows: list[Any]) -> None:
        """Offer the people of the organization."""
        members = organization.memberships.people().select_related("user").order_by("user__name", "pk")
        self.known: dict[str, User | None] = {"": None} | {str(row.pk): row.user for row in members}
        field: Any = self.fields["member"]
        field.choices = [
            (key, f"{user} ({user.email})" if user else _("nobody here")) for key, user in self.known.items()
        ]

    def clean_member(self) -> User | None:
        """The person chosen."""
        return self.known[self.cleaned_data["member"]]


@admin.register(ImportedPerson, site=desk)
class ImportedPersonAdmin(OrganizationAdmin):
    """People whom files name; what they said is credited to the member that they are."""

    fields = ("name", "project_link", "user", "created_at")
    readonly_fields = ("project_link",)
    list_display = ("name", "project_link", "user", "created_at")
    list_filter = (("project", ScopedFilter),)
    list_select_related = ("project", "user")
    search_fields = ("name",)
    search_help_text = _("Search by name")
    ordering = ("name", "id")
    actions = ("say_who",)
    project_link = linked("project", _("project"))

    @deed(
        _("Say who this is"),
        verb=VERB,
        form=MemberForm,
        words=_("Everything that this person said outside becomes that member's."),
    )
    def say_who(self, request: Any, row: ImportedPerson, member: User | None) -> None:
        """Which member somebody outside is."""
        map_person(person=row, user=member, by=request.user)
