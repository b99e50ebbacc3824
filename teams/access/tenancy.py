"""The door for people: `/o/<organization>/...` is there for its active members, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from teams.access.asked import Asked, columns, instances
from teams.access.factors import lacks_a_factor, to_factors
from teams.access.permissions import remember
from teams.identity.models import Membership, Organization, User

P = ParamSpec("P")
HERE = Asked(
    lambda user, slug: (
        Membership.objects.active()
        .filter(user=user, organization__slug=slug)
        .values_list(*columns(Membership), *columns(Organization, "organization__"))
    ),
    -1,
    "a slug",
)


class MemberRequest(HttpRequest):
    """A request that came through the door."""

    user: User
    organization: Organization
    membership: Membership


View = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def member_page(verb: str | None = None) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """A page inside an organization; with a verb, only for roles that include it.

    Sets `request.organization` and `request.membership`. A stranger gets the 404 of an unknown address.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def page(request: Any, organization: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            enter(request, organization)
            if verb is not None and not request.membership.can(verb):
                raise PermissionDenied
            if lacks_a_factor(request):
                return to_factors(request)
            return view(request, *args, **kwargs)

        page.member_verb = verb or "member"  # type: ignore[attr-defined]
        return page

    return decorate


def enter(request: Any, slug: str) -> None:
    """Find the membership behind the address, in one query."""
    rows = HERE.rows(request.user.pk, slug) if request.user.pk and "\x00" not in slug else []
    if not rows:
        raise Http404
    membership, organization = instances(rows[0], Membership, Organization)
    membership.organization, membership.user = organization, request.user
    remember(request.user, membership)
    request.membership = membership
    request.organization = organization
