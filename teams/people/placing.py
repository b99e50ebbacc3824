"""Where a company's own sign-in puts a person: the role and the teams that its groups stand for."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from teams.identity.models import Membership, Organization, User
from teams.identity.roles import Role
from teams.people.actions import (
    add_member,
    add_to_team,
    change_role,
    deactivate_member,
    reactivate_member,
    remove_from_team,
)


@transaction.atomic
def place(
    *, organization: Organization, user: User, role: str | None, teams: dict[str, bool], by: User | None
) -> Membership | None:
    """Make the membership what the groups say; no role shuts the person out. `teams`: {name: in it or not}.

    Teams that are not named stay as they are. Raises Refused for the last owner, who stays.
    """
    membership = organization.memberships.filter(user=user).first()
    if role is None:
        if membership is not None and membership.is_active:
            deactivate_member(membership=membership, by=by)
        return None
    if membership is None:
        membership = add_member(organization=organization, user=user, role=role, by=by)
    elif not membership.is_active:
        reactivate_member(membership=membership, by=by)
    change_role(membership=membership, role=role, by=by)
    for team in organization.teams.filter(name__in=teams):
        move = add_to_team if teams[team.name] else remove_from_team
        move(team=team, membership=membership, by=by)
    return membership


def highest(roles: Iterable[str]) -> str | None:
    """The role that may most; none of none."""
    named = set(roles) - {Role.PIPELINE}
    return next((role for role in Role.values if role in named), None)
