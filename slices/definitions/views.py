"""The slices of a project at a glance."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from projects.streams.doors import can, open_project
from slices.definitions.finding import ORDERS, STATES, Wanted, page_of, tags_of
from slices.definitions.listing import described
from teams.access.tenancy import MemberRequest, member_page


@require_safe
@member_page("projects.view_project")
def slices(request: MemberRequest, project: str) -> HttpResponse:
    """A page of slices with condition, members, last snapshot and last run; a constant number of queries."""
    place = open_project(request, project)
    wanted = Wanted.of(request.GET)
    found, last = page_of(place, wanted)
    context = {
        "project": place,
        "rows": described(place, found),
        "wanted": wanted,
        "streams": [(row.slug, row.name) for row in place.streams.order_by("name", "pk")],
        "tags": tags_of(place),
        "orders": ORDERS,
        "states": STATES,
        "next_url": address_with(request, str(last)) if last else "",
        "first_url": address_with(request, "") if wanted.after else "",
        "may_manage": can(request, "projects.manage_project", place),
    }
    return render(request, "slices/definitions/slices.html", context)


def address_with(request: MemberRequest, after: str) -> str:
    """The same list from after a slice on; from the beginning for nothing."""
    query = request.GET.copy()
    query["after"] = after
    if not after:
        del query["after"]
    return f"?{query.urlencode()}"
