"""Teams at the desk, with who is in them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from teams.desk.scoped import OrganizationAdmin, OrganizationInline
from teams.desk.site import desk
from teams.identity.models import Team, TeamMember
from teams.people.actions import add_to_team, create_team, remove_from_team

VERB = "teams.manage_teams"


class TeamMemberInline(OrganizationInline):
    """Put people in and take them out; a place in a team is not edited."""

    model = TeamMember
    add_verb = delete_verb = VERB
    fields = ("membership",)
    can_delete = True
    show_change_link = False
    verbose_name = _("member")
    verbose_name_plural = _("members")

    def get_queryset(self, request: Any) -> models.QuerySet[TeamMember]:
        """With the people."""
        return super().get_queryset(request).select_related("membership__user", "team")

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Only people who are still here."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "membership":
            field.queryset = field.queryset.active().select_related("user").order_by("user__name")
        return field


@admin.register(Team, site=desk)
class TeamAdmin(OrganizationAdmin):
    """A team is granted things on a project's page."""

    add_verb = change_verb = VERB
    fields = add_fields = ("name",)
    inlines = (TeamMemberInline,)
    list_display = ("name", "n_members", "created_at")
    search_fields = ("name",)
    search_help_text = _("Search by name")
    ordering = ("name", "id")

    def get_queryset(self, request: Any) -> models.QuerySet[Team]:
        """With the number of members."""
        return super().get_queryset(request).annotate(n_members=Count("team_members"))

    @display(description=_("members"), ordering="n_members")
    def n_members(self, row: Any) -> int:
        """How many people are in it."""
        return int(row.n_members)

    def make_row(self, request: Any, obj: Team, form: Any) -> Team:
        """With the auth group that carries its grants."""
        return create_team(organization=request.organization, name=form.cleaned_data["name"], by=request.user)

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        """Through the room's actions, so that the auth group mirrors the team."""
        rows = formset.save(commit=False)
        for row in formset.deleted_objects:
            remove_from_team(team=row.team, membership=row.membership, by=request.user)
        for row in rows:
            add_to_team(team=row.team, membership=row.membership, by=request.user)
