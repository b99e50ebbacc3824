"""People at the desk: who belongs here, with which role."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from teams.desk.columns import Headed
from teams.desk.deeds import deed
from teams.desk.scoped import DeskForm, OrganizationAdmin
from teams.desk.site import desk
from teams.identity.models import Membership, TeamMember
from teams.identity.roles import SENTENCES, Role
from teams.people.actions import (
    change_role,
    check_may_close,
    deactivate_member,
    reactivate_member,
)

ROLES = [(role, f"{role.label}: {SENTENCES[role]}") for role in Role if role != Role.PIPELINE]


class MemberForm(DeskForm):
    """A member's role."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            field: Any = self.fields["role"]
            field.choices = ROLES


@admin.register(Membership, site=desk)
class MembershipAdmin(OrganizationAdmin):
    """People only: they come by invitation; machines are with the tokens."""

    change_verb = "teams.manage_people"
    form = MemberForm
    fields = ("person", "role", "is_active", "teams_shown", "created_at", "last_seen")
    readonly_fields = ("person", "is_active", "teams_shown", "created_at", "last_seen")
    list_display = ("person", "role", "is_active", "teams_shown", "created_at", "last_seen")
    list_filter = ("role", "is_active")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email")
    search_help_text = _("Search by name or e-mail")
    ordering = ("user__name", "user__email")
    actions = ("deactivate", "reactivate")

    def get_queryset(self, request: Any) -> models.QuerySet[Membership]:
        """People of this organization, with their teams."""
        teams = Prefetch("team_members", TeamMember._default_manager.select_related("team"))
        return super().get_queryset(request).filter(user__is_service=False).prefetch_related(teams)

    @display(description=_("person"), header=True, ordering="user__name")
    def person(self, row: Membership) -> Headed:
        """Name and address."""
        return Headed([str(row.user), row.user.email])

    @display(description=_("teams"), empty_value="—")
    def teams_shown(self, row: Membership) -> str | None:
        """The teams by name."""
        return ", ".join(sorted(link.team.name for link in row.team_members.all())) or None

    @display(description=_("last sign-in"), ordering="user__last_login", empty_value=_("never"))
    def last_seen(self, row: Membership) -> Any:
        """When they last signed in, anywhere."""
        return row.user.last_login

    def change_row(self, request: Any, obj: Membership, form: Any) -> None:
        """The role is all that can be changed in the form."""
        change_role(membership=obj, role=form.cleaned_data["role"], by=request.user)

    @deed(
        _("Deactivate"),
        verb="teams.manage_people",
        check=lambda row: check_may_close(row, None),
        danger=True,
    )
    def deactivate(self, request: Any, row: Membership) -> None:
        """Close every door of this organization to them."""
        deactivate_member(membership=row, by=request.user)

    @deed(_("Let in again"), verb="teams.manage_people")
    def reactivate(self, request: Any, row: Membership) -> None:
        """Open the doors again."""
        reactivate_member(membership=row, by=request.user)
