"""Who joins, with which role, in which teams."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from teams.events.actions import record
from teams.identity.models import Membership, Organization, Team, User
from teams.identity.refused import Refused
from teams.identity.roles import Role


@transaction.atomic
def create_organization(*, name: str, slug: str, owner: User, by: User | None) -> Organization:
    """A new tenant with its first owner."""
    organization = Organization.objects.create(name=name, slug=slug, digest_key=secrets.token_bytes(32))
    record("organization.created", organization=organization, subject=organization, by=by)
    add_member(organization=organization, user=owner, role=Role.OWNER, by=by)
    return organization


@transaction.atomic
def change_organization(*, organization: Organization, wanted: Mapping[str, Any], by: User | None) -> None:
    """Its settings, by field. Raises Refused for who would shut themselves out."""
    row = Organization.objects.select_for_update().get(pk=organization.pk)
    changed = {
        field: {"before": getattr(row, field), "after": value}
        for field, value in wanted.items()
        if getattr(row, field) != value
    }
    if wanted.get("needs_second_factor") and by is not None and not is_mfa_enabled(by):
        raise Refused(_("Set up a second factor of your own first, or you would shut yourself out."))
    if changed:
        Organization.objects.filter(pk=row.pk).update(**wanted)
        record("organization.changed", organization=row, subject=row, by=by, **changed)


@transaction.atomic
def close_organization(*, organization: Organization, by: User | None) -> None:
    """Close every door of an organization at once, pages, desk and tokens; nothing in it is deleted."""
    check_close(organization)
    if Organization.objects.filter(pk=organization.pk, is_active=True).update(is_active=False):
        record("organization.closed", organization=organization, subject=organization, by=by)


@transaction.atomic
def reopen_organization(*, organization: Organization, by: User | None) -> None:
    """Open the doors again, to whom they were open before."""
    check_reopen(organization)
    if Organization.objects.filter(pk=organization.pk, is_active=False).update(is_active=True):
        record("organization.reopened", organization=organization, subject=organization, by=by)


def check_close(organization: Organization) -> None:
    """Closing it again changes nothing."""
    if not organization.is_active:
        raise Refused(_("This organization is closed already."))


def check_reopen(organization: Organization) -> None:
    """Only what is closed can be opened."""
    if organization.is_active:
        raise Refused(_("This organization is open."))


@transaction.atomic
def add_member(*, organization: Organization, user: User, role: str, by: User | None) -> Membership:
    """Let a person in with a role."""
    if organization.memberships.filter(user=user).exists():
        raise Refused(_("This person is already a member."))
    membership = organization.memberships.create(user=user, role=role)
    record("member.added", organization=organization, subject=membership, by=by, role=role)
    return membership


@transaction.atomic
def find_or_make_person(*, email: str, name: str = "") -> User:
    """The person with this address; who is new gets an account that nobody can sign in to yet."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        return User.objects.create_user(email, None, name=name)
    if user.is_service:
        raise Refused(_("This address belongs to a machine, not to a person."))
    return user


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: User | None) -> None:
    """Give a member another role; the last owner stays, and nobody gives a role above their own."""
    organization = Organization.objects.select_for_update().get(pk=membership.organization_id)
    member = organization.memberships.get(pk=membership.pk)
    if member.role == role:
        return
    check_may_give(organization, member, role, by)
    if member.role == Role.OWNER:
        check_not_last_owner(organization, member)
    organization.memberships.filter(pk=member.pk).update(role=role)
    record(
        "member.role_changed",
        organization=organization,
        subject=member,
        by=by,
        before=member.role,
        after=role,
    )


@transaction.atomic
def deactivate_member(*, membership: Membership, by: User | None) -> None:
    """Close every door of this organization to a member: pages at the next request, tokens at the next call."""
    organization = Organization.objects.select_for_update().get(pk=membership.organization_id)
    member = organization.memberships.get(
        pk=membership.pk
    )  # as it is now that nobody else changes roles here
    check_may_close(member, by)
    if organization.memberships.filter(pk=member.pk, is_active=True).update(is_active=False):
        record("member.deactivated", organization=organization, subject=membership, by=by)


@transaction.atomic
def reactivate_member(*, membership: Membership, by: User | None) -> None:
    """Open the doors again."""
    organization = Organization.objects.select_for_update().get(pk=membership.organization_id)
    check_outranks(organization, organization.memberships.get(pk=membership.pk).role, by)
    if organization.memberships.filter(pk=membership.pk, is_active=False).update(is_active=True):
        record("member.reactivated", organization=organization, subject=membership, by=by)


def check_may_give(organization: Organization, member: Membership, role: str, by: User | None) -> None:
    """Roles above one's own are not one's to give or take; the pipeline's role is for service accounts."""
    if (role == Role.PIPELINE) != member.user.is_service:
        raise Refused(_("Only service accounts have the role pipeline, and they have no other."))
    check_outranks(organization, role, by)
    check_outranks(organization, member.role, by)


def check_may_add(organization: Organization, role: str, by: User | None) -> None:
    """Nobody lets a person in above themselves; a machine gets its account elsewhere."""
    if role == Role.PIPELINE:
        raise Refused(_("Only service accounts have the role pipeline, and they have no other."))
    check_outranks(organization, role, by)


def check_may_close(membership: Membership, by: User | None) -> None:
    """Nobody shuts out a person above themselves, nor the last owner."""
    check_outranks(membership.organization, membership.role, by)
    if membership.role == Role.OWNER:
        check_not_last_owner(membership.organization, membership)


def check_outranks(organization: Organization, role: str, by: User | None) -> None:
    """A role above one's own is not one's to give, take, shut out or let in again."""
    if by is None:
        return
    own = organization.memberships.active().filter(user=by).first()
    rank = list(Role.values)
    if own is None or rank.index(own.role) > rank.index(role):
        raise Refused(_("You may not give or take a role above your own."))


def check_not_last_owner(organization: Organization, member: Membership) -> None:
    """An organization always has an owner."""
    owners = organization.memberships.active().filter(role=Role.OWNER)
    if not owners.exclude(pk=member.pk).exists():
        raise Refused(_("The last owner cannot go; make somebody else owner first."))


@transaction.atomic
def create_team(*, organization: Organization, name: str, by: User | None) -> Team:
    """A team, with the auth group that carries its grants."""
    group = Group.objects.create(name=f"team:{organization.pk}:{secrets.token_hex(6)}")
    team = organization.teams.create(name=name, group=group)
    record("team.created", organization=organization, subject=team, by=by)
    return team


@transaction.atomic
def add_to_team(*, team: Team, membership: Membership, by: User | None) -> None:
    """Put a member into a team, and so into everything the team was granted."""
    organization = team.organization
    _member, created = organization.team_members.get_or_create(team=team, membership=membership)
    membership.user.groups.add(team.group)
    if created:
        record("team.member_added", organization=organization, subject=team, by=by, membership=membership.pk)


@transaction.atomic
def remove_from_team(*, team: Team, membership: Membership, by: User | None) -> None:
    """Take a member out of a team and of what it was granted."""
    organization = team.organization
    gone, _details = organization.team_members.filter(team=team, membership=membership).delete()
    membership.user.groups.remove(team.group)
    if gone:
        record(
            "team.member_removed", organization=organization, subject=team, by=by, membership=membership.pk
        )
