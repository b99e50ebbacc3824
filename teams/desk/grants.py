"""Who may do what on a project: the form of it, and the list as a page shows it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from teams.access.permissions import granted_on
from teams.desk.columns import link_to
from teams.identity.models import Organization, Team, User
from teams.identity.roles import EVERYWHERE, WORDS

# What can be granted on a project, in words.
ON_A_PROJECT = {verb: words for verb, words in WORDS.items() if verb.startswith("projects.")}


class GrantForm(forms.Form):
    """Exactly these verbs for one team, person or machine."""

    to = forms.ChoiceField(label=gettext_lazy("Who"), widget=UnfoldAdminSelectWidget)
    verbs = forms.MultipleChoiceField(
        label=gettext_lazy("May do here"),
        choices=list(ON_A_PROJECT.items()),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy(
            "Exactly this from now on; tick nothing to take everything back. Nobody can do more than their role "
            "includes. Owners, admins and managers need no grant."
        ),
    )

    def fill(self, organization: Organization, rows: list[Any]) -> None:
        """Offer the teams, people and machines of the organization to whom a grant means something."""
        members = organization.memberships.active().exclude(role__in=EVERYWHERE).select_related("user")
        people = sorted(members, key=lambda row: (row.user.is_service, str(row.user).lower()))
        self.known: dict[str, Team | User] = {f"team:{team.pk}": team for team in organization.teams.all()}
        self.known |= {f"user:{row.user_id}": row.user for row in people}
        field: Any = self.fields["to"]
        field.choices = [(key, words(to)) for key, to in self.known.items()]

    def clean_to(self) -> Team | User:
        """The team or person chosen."""
        return self.known[self.cleaned_data["to"]]


def words(to: Team | User) -> str:
    """What one is called among the others."""
    if isinstance(to, Team):
        return _("Team %(name)s") % {"name": to.name}
    return _("%(name)s (machine)") % {"name": to} if to.is_service else f"{to} ({to.email})"


def grants_shown(row: models.Model) -> Any:
    """The grants on a row, one line each."""
    lines = [
        (
            link_to(to) if isinstance(to, Team) else words(to),
            ", ".join(str(WORDS.get(verb, verb)) for verb in verbs),
        )
        for to, verbs in granted_on(row)
    ]
    if not lines:
        return _("Nobody yet. Owners, admins and managers work here all the same.")
    return format_html("<ul>{}</ul>", format_html_join("", "<li><b>{}</b>: {}</li>", lines))
