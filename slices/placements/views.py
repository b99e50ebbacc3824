"""Placements: the list, and what a person may do in one step. The page of one shows decisions, so it is a gate's."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.streams.doors import do, open_project
from slices.placements import actions
from slices.placements.models import Placement
from teams.access.tenancy import MemberRequest, member_page


@require_safe
@member_page("projects.view_project")
def placements(request: MemberRequest, project: str) -> HttpResponse:
    """Where models of this project are used, and how far each is trusted."""
    place = open_project(request, project)
    rows = place.placements.select_related("model_version").order_by("name")
    return render(request, "slices/placements/placements.html", {"project": place, "placements": rows})


@require_POST
@member_page("projects.manage_project")
def roll_back(request: MemberRequest, project: str, placement: str) -> HttpResponse:
    """Return to what was here before; no gate is asked."""
    row, reason = to_change(request, project, placement), request.POST.get("reason", "")
    said = _("Rolled back. Pipelines hear of it when they next ask.")
    return do(
        request, said, lambda: actions.roll_back(placement=row, reason=reason, by=request.user), address(row)
    )


@require_POST
@member_page("projects.manage_project")
def people_decide(request: MemberRequest, project: str, placement: str) -> HttpResponse:
    """No model from now on."""
    row, reason = to_change(request, project, placement), request.POST.get("reason", "")
    said = _("People decide from now on. Pipelines hear of it when they next ask.")
    return do(
        request,
        said,
        lambda: actions.human_fallback(placement=row, reason=reason, by=request.user),
        address(row),
    )


def to_change(request: MemberRequest, project: str, placement: str) -> Placement:
    """The placement of the address, for a manager of its project."""
    place = open_project(request, project, "projects.manage_project")
    return get_object_or_404(place.placements.select_related("organization", "project"), slug=placement)


def address(placement: Placement) -> str:
    """The page of a placement."""
    return reverse(
        "placement",
        kwargs={
            "organization": placement.organization.slug,
            "project": placement.project.slug,
            "placement": placement.slug,
        },
    )
