"""The families of a project, and one of them with its children."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from projects.conditions.text import shown
from projects.streams.doors import can, open_project
from projects.streams.models import Project
from slices.definitions.actions import current
from slices.definitions.figures import figures
from slices.definitions.models import SliceVersion
from slices.definitions.saying import chips, clauses
from slices.families.glance import ORDERS, STANDINGS, Wanted, glance, skyline
from slices.families.listing import levels_of, wider
from slices.families.models import Family
from teams.access.tenancy import MemberRequest, member_page

FAMILIES = 200
LEVELS = 3


def find(request: MemberRequest, place: Project, slug: str) -> Family:
    """The family at this address, or 404."""
    rows = request.organization.families.filter(slice__project=place)
    return get_object_or_404(
        rows.select_related("slice__stream", "slice__project", "organization"), slice__slug=slug
    )


@require_safe
@member_page("projects.view_project")
def families(request: MemberRequest, project: str) -> HttpResponse:
    """The families of a project, by name, with how many children and members; a constant number of queries."""
    place = open_project(request, project)
    rows = request.organization.families.filter(slice__project=place).select_related("slice__stream")
    found = list(rows.annotate(n=Count("children")).order_by("slice__name", "pk")[:FAMILIES])
    versions = request.organization.slice_versions.filter(slice__in=[row.slice_id for row in found])
    newest = {row.slice_id: row for row in versions.order_by("slice_id", "-version").distinct("slice_id")}
    counted = figures(request.organization, list(newest.values()))
    context = {
        "project": place,
        "rows": [
            {
                "family": row,
                "clauses": clauses(newest[row.slice_id].condition),
                "figure": counted.get(newest[row.slice_id].pk),
            }
            for row in found
        ],
        "may_manage": can(request, "projects.manage_project", place),
    }
    return render(request, "slices/families/families.html", context)


@require_safe
@member_page("projects.view_project")
def family(request: MemberRequest, project: str, slug: str) -> HttpResponse:
    """The children of a family: how each stands, a page at a time; a constant number of queries."""
    place = open_project(request, project)
    found = find(request, place, slug)
    version = current(found.slice)
    wanted, now = Wanted.of(request.GET), timezone.now()
    seen = glance(found, wanted, now)
    context: dict[str, Any] = {
        "project": place,
        "family": found,
        "version": version,
        "chips": chips(version),
        "text": shown(version.condition),
        "glance": seen,
        "skyline": skyline(seen.all, version),
        **of_all(version),
        "levels": [(level, wider(found, level, now)) for level in levels_of(found)[:LEVELS]],
        "wanted": wanted,
        "orders": ORDERS,
        "standings": [(name, words) for name, words in STANDINGS if not name or seen.standings[name]],
        "next_url": address_with(request, str(seen.last)) if seen.last else "",
        "first_url": address_with(request, "") if wanted.after else "",
        "may_manage": can(request, "projects.manage_project", place),
    }
    return render(request, "slices/families/family.html", context)


def of_all(version: SliceVersion) -> dict[str, int]:
    """The members of all children together, whether they are listed or left out."""
    figure = figures(version.organization, [version]).get(version.pk)
    return {"members": figure.members if figure else 0, "labeled": figure.labeled if figure else 0}


def address_with(request: MemberRequest, after: str) -> str:
    """The same page from after a child on; from the beginning for nothing."""
    query = request.GET.copy()
    query["after"] = after
    if not after:
        del query["after"]
    return f"?{query.urlencode()}"
