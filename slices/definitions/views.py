"""The slices of a project at a glance."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from projects.streams.doors import open_project
from slices.definitions.listing import described, with_last
from teams.access.tenancy import MemberRequest, member_page

SHOWN = 200


@require_safe
@member_page("projects.view_project")
def slices(request: MemberRequest, project: str) -> HttpResponse:
    """Every slice with its condition, last snapshot and last run; a constant number of queries."""
    place = open_project(request, project)
    wanted = request.GET.get("q", "").replace("\x00", "")[:100]
    found = list(with_last(place).filter(name__icontains=wanted)[: SHOWN + 1])
    context = {
        "project": place,
        "rows": described(place, found[:SHOWN]),
        "more": len(found) > SHOWN,
        "q": wanted,
    }
    return render(request, "slices/definitions/slices.html", context)
