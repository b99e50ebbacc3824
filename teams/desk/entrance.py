"""From an organization's pages to its desk; which desk speaks is chosen by a POST, never by a link."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from teams.access.tenancy import MemberRequest, member_page
from teams.desk.choice import SESSION, VERB, desks_of


@member_page(VERB)
def enter_desk(request: MemberRequest) -> HttpResponse:
    """Straight there if this desk speaks already; else a button."""
    desks = desks_of(request.user)
    chosen = request.session.get(SESSION)
    speaking = [row for row in desks if row.organization_id == chosen] or desks
    if speaking[0].organization_id == request.organization.pk:
        return redirect("admin:index")
    return render(request, "teams/enter_desk.html")
