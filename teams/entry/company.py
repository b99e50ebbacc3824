"""A company's own sign-in: whom its groups put somewhere comes in, whom they no longer do is shut out."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.signals import user_logged_in
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from teams.identity.models import Organization, User
from teams.identity.refused import Refused
from teams.people.placing import highest, place

log = logging.getLogger(__name__)


class CompanyAdapter(DefaultSocialAccountAdapter):
    """Only who belongs to a group with a role gets an account."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Whether the groups of somebody new stand for a role."""
        return role_of(groups_of(sociallogin)) is not None

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """With the name that the company knows them by."""
        user: User = super().populate_user(request, sociallogin, data)
        user.name = str(data.get("name") or "")[:120]
        return user


def groups_of(sociallogin: Any) -> set[str]:
    """The groups that the company's answer names, wherever it names them."""
    claim = settings.SLUICE_OIDC.get("groups_claim", "groups")
    said = sociallogin.account.extra_data
    parts = [part for part in (said.get("userinfo"), said.get("id_token"), said) if isinstance(part, dict)]
    return {str(group) for part in parts for group in part.get(claim) or []}


def role_of(groups: set[str]) -> str | None:
    """The highest role that these groups stand for."""
    roles: dict[str, str] = settings.SLUICE_OIDC.get("roles", {})
    return highest(roles[group] for group in groups if group in roles)


@receiver(user_logged_in)
def place_by_groups(sender: Any, user: User, sociallogin: Any = None, **unused: Any) -> None:
    """At every sign-in through the company: the groups of today, not those of last year."""
    if sociallogin is None:
        return
    groups = groups_of(sociallogin)
    organization = Organization.objects.get(slug=settings.SLUICE_OIDC["organization"])
    named: dict[str, str] = settings.SLUICE_OIDC.get("teams", {})
    teams: dict[str, bool] = {}
    for group, team in named.items():
        teams[team] = teams.get(team, False) or group in groups
    try:
        place(organization=organization, user=user, role=role_of(groups), teams=teams, by=None)
    except Refused as refusal:
        log.warning("the company's groups cannot be followed: %s", refusal.sentence)
