"""One child of a family: how it stands, who is in it now, and what was frozen of it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.streams.doors import can, do, open_project, why_refused
from projects.streams.media import shows_media
from projects.streams.models import Project
from projects.streams.shown import thumbs
from slices.definitions.actions import current
from slices.definitions.asking import live_count
from slices.definitions.members import newest
from slices.definitions.saying import chips
from slices.families.actions import change_child
from slices.families.listing import lines
from slices.families.models import Child
from slices.snapshots.actions import being_frozen, check_freeze, digest_of, request_freeze
from slices.snapshots.grades import told
from teams.access.tenancy import MemberRequest, member_page

EXAMPLES = 12
SNAPSHOTS = 20


def find_child(request: MemberRequest, project: str, slug: str, pk: int) -> tuple[Project, Child]:
    """The child at this address and its project, or 404."""
    place = open_project(request, project)
    rows = request.organization.children.filter(family__slice__project=place, family__slice__slug=slug)
    related = ("family__slice__stream__organization", "family__slice__project", "organization")
    return place, get_object_or_404(rows.select_related(*related), pk=pk)


@require_safe
@shows_media
@member_page("projects.view_project")
def child(request: MemberRequest, project: str, slug: str, pk: int) -> HttpResponse:
    """One child: how it stands, and who is in it now."""
    place, found = find_child(request, project, slug, pk)
    version = current(found.family.slice)
    n, exact = live_count(version, found.values)
    [line] = lines(found.family, [found])
    context = {
        "project": place,
        "family": found.family,
        "child": found,
        "line": line,
        "version": version,
        "chips": chips(version),
        "n": n,
        "exact": exact,
        "examples": thumbs(request.organization, newest(version, EXAMPLES, found.values)),
        "snapshots": told(
            request.organization.snapshots.filter(
                slice_version__slice=found.family.slice, params_sha256=digest_of(found.values)
            )
            .select_related("slice_version")
            .order_by("-as_of", "-pk"),
            SNAPSHOTS,
        ),
        "may_manage": can(request, "projects.manage_project", place),
        "freezing": being_frozen(found.family.slice, found.values),
        "why_not": why_refused(check_freeze, version, n, found.values),
    }
    return render(request, "slices/snapshots/child.html", context)


@require_POST
@member_page("projects.view_project")
def move_child(request: MemberRequest, project: str, slug: str, pk: int) -> HttpResponse:
    """Accept, pause or resume a child."""
    place = open_project(request, project, "projects.manage_project")
    _place, found = find_child(request, project, slug, pk)
    state = Child.State.PAUSED if found.state == Child.State.ACTIVE else Child.State.ACTIVE
    said = _("It is paused.") if state == Child.State.PAUSED else _("It is active.")
    return do(
        request,
        said,
        lambda: change_child(child=found, state=state, min_size=found.min_size, by=request.user),
        reverse("family-child", args=[request.organization.slug, place.slug, slug, pk]),
    )


@require_POST
@member_page("projects.view_project")
def freeze_child(request: MemberRequest, project: str, slug: str, pk: int) -> HttpResponse:
    """Freeze a child as it is now."""
    place = open_project(request, project, "projects.manage_project")
    _place, found = find_child(request, project, slug, pk)
    return do(
        request,
        _("It is being frozen as it is now. The snapshot appears below in a moment."),
        lambda: request_freeze(slice=found.family.slice, values=found.values, by=request.user),
        reverse("family-child", args=[request.organization.slug, place.slug, slug, pk]),
    )
