"""The families of a project, and one of them with its children."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from projects.streams.doors import open_project
from projects.streams.models import Project
from slices.definitions.actions import current
from slices.definitions.figures import figures
from slices.definitions.models import SliceVersion
from slices.definitions.saying import chips
from slices.families.listing import largest, levels_of, lines, wider
from slices.families.models import Family
from teams.access.tenancy import MemberRequest, member_page

SHOWN = 100
ORDERS = [("name", _("by name")), ("size", _("largest first"))]


def find(request: MemberRequest, place: Project, slug: str) -> Family:
    """The family at this address, or 404."""
    rows = request.organization.families.filter(slice__project=place)
    return get_object_or_404(
        rows.select_related("slice__stream", "slice__project", "organization"), slice__slug=slug
    )


@require_safe
@member_page("projects.view_project")
def families(request: MemberRequest, project: str) -> HttpResponse:
    """The families of a project, by name."""
    place = open_project(request, project)
    rows = request.organization.families.filter(slice__project=place).select_related("slice__stream")
    context = {"project": place, "families": list(rows.order_by("slice__name", "pk")[:200])}
    return render(request, "slices/families/families.html", context)


@require_safe
@member_page("projects.view_project")
def family(request: MemberRequest, project: str, slug: str) -> HttpResponse:
    """The children of a family with their counts, a page at a time; a constant number of queries."""
    place = open_project(request, project)
    found = find(request, place, slug)
    version = current(found.slice)
    words = request.GET.get("q", "").replace("\x00", "")[:100]
    by_size = request.GET.get("order") == "size"
    rows = found.children.filter(name__icontains=words)
    after = request.GET.get("after", "").replace("\x00", "")[:500]
    if by_size:
        children, following = largest(found, rows, SHOWN), ""
    else:
        shown = list(rows.filter(name__gt=after).order_by("name", "pk")[: SHOWN + 1])
        children, following = shown[:SHOWN], shown[SHOWN - 1].name if len(shown) > SHOWN else ""
    levels = levels_of(found)
    context: dict[str, Any] = {
        "project": place,
        "family": found,
        "version": version,
        "chips": chips(version),
        "lines": lines(found, children),
        "n_children": found.children.count(),
        **of_all(version),
        "levels": [(level, wider(found, level, timezone.now())) for level in levels[:3]],
        "q": words,
        "order": "size" if by_size else "name",
        "orders": ORDERS,
        "next_url": next_url(request, following),
    }
    return render(request, "slices/families/family.html", context)


def of_all(version: SliceVersion) -> dict[str, int]:
    """The members of all children together, whether they are listed or left out."""
    figure = figures(version.organization, [version]).get(version.pk)
    return {"members": figure.members if figure else 0, "labeled": figure.labeled if figure else 0}


def next_url(request: MemberRequest, after: str) -> str:
    """The same page from the next child on."""
    if not after:
        return ""
    query = request.GET.copy()
    query["after"] = after
    return f"?{query.urlencode()}"
