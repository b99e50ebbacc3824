"""For which organization a manager's desk speaks: chosen in the session, proved again at every request."""

from __future__ import annotations

from typing import Any

from django.core import signing

from teams.access.permissions import remember
from teams.identity.models import Membership, User
from teams.identity.roles import roles_with

VERB = "teams.manage_desk"
SESSION = "desk_organization"
FIELD = "desk_here"  # the hidden field that every form of the desk carries
SALT = "teams.desk.here"


def desks_of(user: User) -> list[Membership]:
    """Where this person may manage, by name."""
    rows = user.memberships.active().filter(role__in=roles_with(VERB))
    return list(rows.select_related("organization").order_by("organization__name", "organization_id"))


def sit_down(request: Any) -> Membership | None:
    """The membership that opens the desk: the chosen one while it holds, else the first; None for strangers.

    Sets `request.organization`, `request.membership` and `request.desks`; asked once a request.
    """
    if not hasattr(request, "desks"):
        request.desks = desks_of(request.user) if request.user.is_authenticated else []
        chosen = request.session.get(SESSION) if request.desks else None
        taken = [row for row in request.desks if row.organization_id == chosen] or request.desks
        if taken:
            request.membership = taken[0]
            request.organization = taken[0].organization
            remember(request.user, taken[0])
    return request.membership if request.desks else None


def choose(request: Any, membership: Membership) -> None:
    """Speak for this organization from the next request on."""
    request.session[SESSION] = membership.organization_id


def here(request: Any) -> str:
    """What a form carries, so that it cannot be posted at another organization's desk."""
    return signing.dumps([request.user.pk, request.organization.pk], salt=SALT)


def made_here(request: Any) -> bool:
    """Whether the posted form was made by this person at this organization's desk."""
    try:
        made: list[int] = signing.loads(request.POST.get(FIELD, ""), salt=SALT)
    except signing.BadSignature:
        return False
    return made == [request.user.pk, request.organization.pk]
