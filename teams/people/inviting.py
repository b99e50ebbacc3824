"""Invitations: a place for an e-mail address, a link that works once, and what is given with the place."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teams.events.actions import record
from teams.identity.models import Membership, Organization, Team, User
from teams.identity.refused import Refused
from teams.people.actions import add_member, add_to_team, check_may_add
from teams.people.models import Invitation, a_week_from_now
from teams.work.jobs import enqueue

VERB = "teams.invite_people"
SALT = "teams.people.invitation"
NO_LONGER = gettext_lazy("This invitation is no longer valid. Ask whoever invited you for a new one.")
MAIL = "people.mail_invitation"
NOBODYS = "0" * 64


def secret_of(invitation: Invitation) -> str:
    """The secret in the newest link: derived from the installation's key, so that nobody has to keep it."""
    text = f"{invitation.pk}:{invitation.serial}"
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()


def digest(secret: str) -> str:
    """What is kept of a secret of 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def link_of(invitation: Invitation) -> str:
    """The whole address; its host is the installation's own, never a request's."""
    return f"{settings.SLUICE_URL}/invitation/{invitation.pk}/{secret_of(invitation)}/"


def find(pk: int, secret: str) -> Invitation | None:
    """The invitation that this link opens, if it is still good."""
    row = Invitation.objects.live(timezone.now()).filter(pk=pk).select_related("organization").first()
    good = hmac.compare_digest(digest(secret), row.digest if row else NOBODYS)
    return row if good else None


@transaction.atomic
def invite(
    *,
    organization: Organization,
    email: str,
    role: str,
    teams: Iterable[Team] = (),
    projects: Iterable[Any] = (),
    by: User | None,
) -> Invitation:
    """Keep a place for an address and mail the link. A second invitation takes the place of the first.

    On the projects the person will be granted what their role includes. Raises Refused for somebody who is here
    already, and for a role above one's own.
    """
    check_may_invite(organization, role, by)
    check_not_here(organization, email)
    waiting = organization.invitations.waiting().filter(email__iexact=email)
    for older in waiting.select_for_update():
        revoke(invitation=older, by=by)
    invitation = organization.invitations.create(email=email, role=role, created_by=by)
    for team in teams:
        organization.invitation_teams.create(invitation=invitation, team=team)
    for project in projects:
        organization.invitation_projects.create(invitation=invitation, project=project)
    renew_link(invitation)
    record("invitation.sent", organization=organization, subject=invitation, by=by, role=role)
    return invitation


@transaction.atomic
def resend(*, invitation: Invitation, by: User | None) -> None:
    """A new link, good for another week; the one before it is dead."""
    waiting = locked(invitation)
    check_may_invite(waiting.organization, waiting.role, by)
    waiting.serial += 1
    waiting.expires_at = a_week_from_now()
    waiting.save(update_fields=["serial", "expires_at"])
    renew_link(waiting)
    record("invitation.resent", organization=waiting.organization, subject=waiting, by=by)


@transaction.atomic
def revoke(*, invitation: Invitation, by: User | None) -> None:
    """The link is dead at once."""
    waiting = locked(invitation)
    check_may_invite(waiting.organization, waiting.role, by)
    waiting.revoked_at = timezone.now()
    waiting.save(update_fields=["revoked_at"])
    record("invitation.revoked", organization=waiting.organization, subject=waiting, by=by)


@transaction.atomic
def accept(*, invitation: Invitation, user: User) -> Membership:
    """Come in: the role, the teams, and whatever else was given with the place. It works once.

    Raises Refused when the link is over, is another person's, or when whoever invited may no longer do so.
    """
    waiting = locked(invitation)
    organization = waiting.organization
    if waiting.expires_at <= timezone.now():
        raise Refused(NO_LONGER, "gone", 410)
    if waiting.email.casefold() != user.email.casefold():
        raise Refused(_("This invitation is for another e-mail address."), "another_address", 403)
    if waiting.created_by is not None:
        check_may_invite(organization, waiting.role, waiting.created_by)
    membership = add_member(organization=organization, user=user, role=waiting.role, by=user)
    for place in waiting.invitation_teams.select_related("team"):
        add_to_team(team=place.team, membership=membership, by=user)
    waiting.accepted_at, waiting.accepted_by = timezone.now(), user
    waiting.save(update_fields=["accepted_at", "accepted_by"])
    record("invitation.accepted", organization=organization, subject=waiting, by=user, role=waiting.role)
    return membership


@transaction.atomic
def accept_as_new(*, invitation: Invitation, name: str, password: str) -> User:
    """Come in with a new account, or an unused one, for the address that only the link's reader has."""
    waiting = locked(invitation)
    user = account_of(waiting)
    if user is None:
        user = User.objects.create_user(waiting.email, password, name=name)
    elif user.has_usable_password():
        raise Refused(_("There is an account with this address: sign in to accept."))
    else:
        user.name = name
        user.set_password(password)
        user.save(update_fields=["name", "password"])
    accept(invitation=waiting, user=user)
    return user


def account_of(invitation: Invitation) -> User | None:
    """The account of the address that was invited, if there is one."""
    return User.objects.filter(email__iexact=invitation.email, is_service=False).first()


def renew_link(invitation: Invitation) -> None:
    """Keep the digest of the newest link, and have it mailed."""
    invitation.digest = digest(secret_of(invitation))
    invitation.save(update_fields=["digest"])
    enqueue(MAIL, organization=invitation.organization, invitation_id=invitation.pk, serial=invitation.serial)


def locked(invitation: Invitation) -> Invitation:
    """The row as it is now, ours until the end; Refused when it is over already."""
    rows = invitation.organization.invitations.waiting().select_for_update(of=("self",))
    waiting = rows.select_related("organization", "created_by").filter(pk=invitation.pk).first()
    if waiting is None:
        raise Refused(NO_LONGER, "gone", 410)
    return waiting


def check_may_invite(organization: Organization, role: str, by: User | None) -> None:
    """Whoever may invite, and nobody into a role above their own."""
    if by is not None and not by.has_perm(VERB, organization):
        raise Refused(_("You may not invite people here."))
    check_may_add(organization, role, by)


def check_not_here(organization: Organization, email: str) -> None:
    """Somebody who was deactivated is let in again, not invited."""
    if organization.memberships.filter(user__email__iexact=email).exists():
        raise Refused(_("%(email)s is a member already.") % {"email": email})
