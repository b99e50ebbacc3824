"""Service accounts, tokens and team grants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from teams.access import secrets
from teams.access.models import Token
from teams.access.permissions import grant, granted_on, withdraw
from teams.events.actions import record
from teams.identity.models import Organization, Team, User
from teams.identity.refused import Refused
from teams.identity.roles import WORDS, Role, verbs_of


@transaction.atomic
def create_service_account(*, organization: Organization, name: str, by: User | None) -> User:
    """A machine of this organization: a user without a password, with the role pipeline."""
    local = secrets.random_text(12).lower()
    user = User.objects.create_user(f"{local}@service.invalid", None, name=name, is_service=True)
    membership = organization.memberships.create(user=user, role=Role.PIPELINE)
    record("service_account.created", organization=organization, subject=membership, by=by)
    return user


@transaction.atomic
def issue_token(
    *,
    organization: Organization,
    user: User,
    name: str,
    verbs: Iterable[str],
    expires_at: datetime | None = None,
    by: User | None,
) -> tuple[Token, str]:
    """(the row, the token to show once). Nobody gets a verb that the user's role does not include."""
    wanted = sorted(set(verbs))
    check_verbs(organization, user, wanted)
    check_holds(organization, wanted, by)
    text, prefix, digest = secrets.new_token()
    token = organization.tokens.create(
        user=user, name=name, prefix=prefix, digest=digest, verbs=wanted, expires_at=expires_at, created_by=by
    )
    record("token.issued", organization=organization, subject=token, by=by, verbs=wanted)
    return token, text


@transaction.atomic
def rotate_token(*, token: Token, overlap: timedelta, by: User | None) -> tuple[Token, str]:
    """(the new row, the token to show once): the same for the same machine, for as long as the old one was given.

    The old one works on for the overlap, so that nothing stands still while the machines are told; it never
    lives longer than it would have. Raises Refused for one that is over, or has been rotated.
    """
    old = token.organization.tokens.select_for_update().get(pk=token.pk)
    check_rotate(old)
    now = timezone.now()
    lasting = old.expires_at - old.created_at if old.expires_at else None
    new, text = issue_token(
        organization=old.organization,
        user=old.user,
        name=old.name,
        verbs=old.verbs,
        expires_at=now + lasting if lasting else None,
        by=by,
    )
    old.expires_at = min(old.expires_at or now + overlap, now + overlap)
    old.replaced_by = new
    old.save(update_fields=["expires_at", "replaced_by"])
    record("token.rotated", organization=old.organization, subject=old, by=by, replaced_by=new.pk)
    return new, text


def check_rotate(token: Token) -> None:
    """Only a live token has a successor, and only one."""
    if token.revoked_at is not None or (token.expires_at and token.expires_at <= timezone.now()):
        raise Refused(_("This token is over; issue a new one."))
    if token.replaced_by_id is not None:
        raise Refused(_("This token has been rotated already."))


def check_verbs(organization: Organization, user: User, verbs: list[str]) -> None:
    """A token may do at most what its user may."""
    membership = organization.memberships.active().filter(user=user).first()
    if membership is None:
        raise Refused(_("This account does not belong to the organization."))
    beyond = [verb for verb in verbs if verb not in verbs_of(membership.role)]
    if beyond:
        raise Refused(_("The account's role does not include: %(verbs)s.") % {"verbs": ", ".join(beyond)})


@transaction.atomic
def revoke_token(*, token: Token, by: User | None) -> None:
    """End a token at once; ending it again changes nothing."""
    if token.organization.tokens.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record("token.revoked", organization=token.organization, subject=token, by=by)


@transaction.atomic
def set_grants(*, row: models.Model, to: Team | User, verbs: Iterable[str], by: User | None) -> None:
    """Let a team or a person do exactly this on one row (a project); no verbs takes everything back."""
    organization: Organization = row.organization  # type: ignore[attr-defined]
    check_belongs(organization, to)
    wanted = set(verbs)
    held = next((set(held) for who, held in granted_on(row) if who == to), set())
    check_holds(row, wanted ^ held, by)
    for verb in wanted - held:
        grant(verb, to, row)
    for verb in held - wanted:
        withdraw(verb, to, row)
    if wanted != held:
        record(
            "grants.changed",
            organization=organization,
            subject=row,
            by=by,
            **{to._meta.model_name or "to": to.pk, "before": sorted(held), "after": sorted(wanted)},
        )


def check_holds(where: models.Model, verbs: Iterable[str], by: User | None) -> None:
    """Nobody gives, or takes from others, what they may not do themselves."""
    beyond = [verb for verb in sorted(verbs) if by is not None and not by.has_perm(verb, where)]
    if beyond:
        words = ", ".join(str(WORDS.get(verb, verb)) for verb in beyond)
        raise Refused(
            _("You may not give or take what you may not do yourself: %(verbs)s.") % {"verbs": words}
        )


def check_belongs(organization: Organization, to: Team | User) -> None:
    """Grants are for this organization's own teams, people and machines."""
    rows = organization.teams if isinstance(to, Team) else organization.memberships.active()
    if not rows.filter(**({"pk": to.pk} if isinstance(to, Team) else {"user": to})).exists():
        raise Refused(_("Grants are for teams and people of this organization."))
