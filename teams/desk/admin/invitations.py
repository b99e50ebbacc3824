"""Invitations at the desk: one or many at a time, each with its teams and projects."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from teams.desk.admin.members import ROLES
from teams.desk.columns import Labelled, labelled
from teams.desk.deeds import deed
from teams.desk.scoped import DeskForm, OrganizationAdmin
from teams.desk.site import desk
from teams.identity.names import address_is_plain
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.people.inviting import VERB, invite, link_of, resend, revoke
from teams.people.models import Invitation

MOST = 200


class InviteForm(DeskForm):
    """Addresses, pasted as they are; a role, teams and projects for all of them."""

    emails = forms.CharField(
        label=_("E-mail addresses"),
        max_length=50_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text=_(
            "One a line, or separated by commas; up to 200. A column of a spreadsheet can be pasted."
        ),
    )
    teams: forms.ModelMultipleChoiceField[Any] = forms.ModelMultipleChoiceField(
        label=_("Into the teams"),
        queryset=None,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("They get what the team was granted."),
    )
    projects: forms.ModelMultipleChoiceField[Any] = forms.ModelMultipleChoiceField(
        label=_("Onto the projects"),
        queryset=None,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("They are granted there what their role includes. Managers and above need no grant."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.choices, role.initial = ROLES, Role.LABELER
        for name in ("teams", "projects"):
            field: Any = self.fields[name]
            field.queryset = getattr(self.organization, name).all()

    def clean_emails(self) -> list[str]:
        """Every address once, in the order given; each that is none is named."""
        emails = addresses(self.cleaned_data["emails"])
        wrong = [email for email in emails if not is_address(email)]
        if wrong:
            raise ValidationError(_("No e-mail address: %(what)s") % {"what": ", ".join(wrong[:10])})
        if not 1 <= len(emails) <= MOST:
            raise ValidationError(_("Between 1 and %(most)s addresses at a time.") % {"most": MOST})
        return emails


def addresses(text: str) -> list[str]:
    """The addresses of a pasted list or CSV, each once; heads and names beside them are left out."""
    rows = csv.reader(text.replace(";", ",").replace("\t", ",").splitlines())
    found: dict[str, str] = {}
    for number, row in enumerate(cells for cells in map(stripped, rows) if cells):
        meant = [cell for cell in row if "@" in cell] or (row[:1] if number else [])
        found |= {cell.casefold(): cell for cell in meant if cell.casefold() not in found}
    return list(found.values()) or stripped(text.splitlines())[:1]


def stripped(cells: Iterable[str]) -> list[str]:
    """What is in them."""
    return [cell.strip() for cell in cells if cell.strip()]


def is_address(email: str) -> bool:
    """Whether mail could go there."""
    try:
        validate_email(email)
        address_is_plain(email)
    except ValidationError:
        return False
    return True


@admin.register(Invitation, site=desk)
class InvitationAdmin(OrganizationAdmin):
    """Who may still come."""

    add_verb, adding = VERB, _("Invite people")
    add_form = InviteForm
    add_fields = ("emails", "role", "teams", "projects")
    fields = ("email", "role", "teams_shown", "standing", "invited_by", "created_at", "expires_at", "serial")
    list_display = ("email", "role", "teams_shown", "standing", "invited_by", "created_at", "expires_at")
    list_filter = ("role", ("accepted_at", admin.EmptyFieldListFilter))
    list_select_related = ("created_by",)
    search_fields = ("email",)
    search_help_text = _("Search by e-mail")
    actions = ("send_again", "call_back")

    def get_queryset(self, request: Any) -> models.QuerySet[Invitation]:
        """With the teams."""
        return super().get_queryset(request).prefetch_related("teams")

    @display(description=_("teams"), empty_value="—")
    def teams_shown(self, row: Invitation) -> str | None:
        """The teams by name."""
        return ", ".join(sorted(team.name for team in row.teams.all())) or None

    @display(description=_("invited by"), ordering="created_by__name", empty_value="—")
    def invited_by(self, row: Invitation) -> str | None:
        """Who did it."""
        return str(row.created_by) if row.created_by else None

    @display(
        description=_("standing"),
        label={"waiting": "info", "accepted": "success", "revoked": "default", "over": "warning"},
    )
    def standing(self, row: Invitation) -> Labelled:
        """What became of it."""
        if row.accepted_at is not None:
            return labelled("accepted", _("accepted"))
        if row.revoked_at is not None:
            return labelled("revoked", _("revoked"))
        if row.expires_at <= timezone.now():
            return labelled("over", _("expired"))
        return labelled("waiting", _("waiting"))

    def make_row(self, request: Any, obj: Invitation, form: Any) -> Invitation:
        """One invitation an address; all of them, or none with the sentence of what is wrong."""
        asked = form.cleaned_data
        shared = {"role": asked["role"], "teams": asked["teams"], "projects": asked["projects"]}
        request.invited = [
            invite(organization=request.organization, email=email, by=request.user, **shared)
            for email in asked["emails"]
        ]
        return request.invited[-1]

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """`invite` has done it."""

    def response_add(self, request: Any, obj: Invitation, post_url_continue: str | None = None) -> Any:
        """Who was invited, and the links for whoever hands them over in person."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invited"),
            "opts": self.opts,
            "invited": [(row, link_of(row)) for row in request.invited],
        }
        return TemplateResponse(request, "admin/invited.html", context)

    @deed(_("Send again"), verb=VERB, check=lambda row: check_waiting(row))
    def send_again(self, request: Any, row: Invitation) -> None:
        """A new link, another week."""
        resend(invitation=row, by=request.user)

    @deed(_("Revoke"), verb=VERB, check=lambda row: check_waiting(row), danger=True)
    def call_back(self, request: Any, row: Invitation) -> None:
        """The link is dead."""
        revoke(invitation=row, by=request.user)


def check_waiting(row: Invitation) -> None:
    """What is accepted or revoked stays so."""
    if row.accepted_at is not None or row.revoked_at is not None:
        raise Refused(_("It is accepted or revoked already."))
