"""What operators do: found organizations, shut people out of the whole installation and let them in again."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from teams.events.actions import record
from teams.identity.models import Organization, User
from teams.identity.refused import Refused
from teams.people.actions import create_organization, find_or_make_person
from teams.platform.kinds import VIEWED


@transaction.atomic
def found_organization(
    *, name: str, slug: str, email: str, owner_name: str = "", by: User | None
) -> Organization:
    """A new organization, owned by the person with this address; who is new gets an account."""
    owner = find_or_make_person(email=email, name=owner_name)
    check_can_own(owner)
    return create_organization(name=name, slug=slug, owner=owner, by=by)


def check_can_own(user: User) -> None:
    """An owner who cannot sign in would own nothing."""
    if not user.is_active:
        raise Refused(_("This person is deactivated; let them in again first."))


@transaction.atomic
def view_organization(*, organization: Organization, by: User | None) -> None:
    """Write down that an operator looked at it."""
    record(VIEWED, organization=organization, subject=organization, by=by)


@transaction.atomic
def deactivate_person(*, user: User, by: User | None) -> None:
    """End every session of a person and close every organization to them; each of theirs reads it in its audit."""
    lock_operators()
    check_deactivate(user)
    if User.objects.people().filter(pk=user.pk, is_active=True).update(is_active=False):
        tell_organizations("platform.person_deactivated", user, by)


@transaction.atomic
def let_person_in(*, user: User, by: User | None) -> None:
    """Let a person sign in again, to what was theirs before."""
    check_let_in(user)
    if User.objects.people().filter(pk=user.pk, is_active=False).update(is_active=True):
        tell_organizations("platform.person_let_in", user, by)


def lock_operators() -> None:
    """One at a time: two operators who deactivate each other at once would leave none."""
    list(User.objects.operators().select_for_update().order_by("pk").values_list("pk"))


def check_deactivate(user: User) -> None:
    """The last operator stays; deactivating anybody again changes nothing."""
    if not user.is_active:
        raise Refused(_("This person is deactivated already."))
    if user.is_operator and not User.objects.operators().exclude(pk=user.pk).exists():
        raise Refused(_("The last operator cannot go; make somebody else operator first."))


def check_let_in(user: User) -> None:
    """Only who is out can be let in."""
    if user.is_active:
        raise Refused(_("This person is not deactivated."))


def tell_organizations(kind: str, user: User, by: User | None) -> None:
    """An event in every organization that the person is a member of."""
    for membership in user.memberships.select_related("organization").order_by("organization_id"):
        record(kind, organization=membership.organization, subject=membership, by=by)
