"""The page of one slice: how it stands now, who is in it, what it means and meant, what came of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from projects.conditions import ConditionError
from projects.conditions.counting import PREVIEW_MS, bounded
from projects.conditions.text import shown
from projects.streams.doors import can, open_project, see_other, why_refused
from projects.streams.media import shows_media
from projects.streams.models import Project
from projects.streams.shown import thumbs
from slices.definitions.actions import current
from slices.definitions.asking import live_count
from slices.definitions.figures import figures
from slices.definitions.members import newest
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.relating import changes, referred_by, refers_to
from slices.definitions.saying import chips
from slices.snapshots.actions import being_frozen, check_freeze
from slices.snapshots.figuring import figures_of
from slices.snapshots.grades import told
from slices.snapshots.models import Snapshot
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

EXAMPLES = 12
SNAPSHOTS = 20
RUNS = 5
VERSIONS = 10


def find(project: Project, slug: str) -> Slice:
    """The slice at this address, or 404."""
    return get_object_or_404(project.slices.select_related("stream", "project", "organization"), slug=slug)


@require_safe
@shows_media
@member_page("projects.view_project")
def slice_page(request: MemberRequest, project: str, slug: str) -> HttpResponse:
    """The whole page; what takes a moment is fetched afterwards, or at once with `?figures=1`."""
    place = open_project(request, project)
    found = find(place, slug)
    version = current(found)
    if version.params:
        return see_other(reverse("family", args=[request.organization.slug, place.slug, found.slug]))
    context = now(request, place, found, version) | {
        "chips": chips(version),
        "text": shown(version.condition),
        "changes": changes(found, VERSIONS),
        "refers_to": refers_to(version),
        "referred_by": referred_by(found),
        "may_manage": can(request, "projects.manage_project", place),
        "why_not": why_not_frozen(version),
        "figures_shown": "figures" in request.GET,
    }
    if context["figures_shown"]:
        context |= figures_of(version)
    return render(request, "slices/snapshots/slice.html", context)


@require_safe
@shows_media
@member_page("projects.view_project")
def slice_now(request: MemberRequest, project: str, slug: str) -> HttpResponse:
    """The parts of the page that change while somebody looks."""
    place = open_project(request, project)
    found = find(place, slug)
    return render(request, "slices/snapshots/slice_now.html", now(request, place, found, current(found)))


@require_safe
@member_page("projects.view_project")
def slice_figures(request: MemberRequest, project: str, slug: str) -> HttpResponse:
    """The parts of the page that take a moment."""
    place = open_project(request, project)
    found = find(place, slug)
    version = current(found)
    context = {"project": place, "slice": found, "version": version, "figures_shown": True}
    return render(request, "slices/snapshots/slice_figures.html", context | figures_of(version))


def now(request: MemberRequest, place: Project, found: Slice, version: SliceVersion) -> dict[str, Any]:
    """How it stands at this moment."""
    organization = request.organization
    snapshots = organization.snapshots.filter(slice_version__slice=found).select_related("slice_version")
    runs = organization.runs.filter(slice_version__slice=found).select_related("model_version")
    rows = told(snapshots.order_by("-as_of", "-pk"), SNAPSHOTS)
    schedules = organization.schedules.filter(slice=found, state="active").exclude(next_due_at=None)
    return {
        "project": place,
        "slice": found,
        "version": version,
        "figure": figures(organization, [version]).get(version.pk),
        "snapshots": rows,
        "runs": list(runs.order_by("-pk")[:RUNS]),
        "next_run": schedules.order_by("next_due_at").values_list("next_due_at", flat=True).first(),
        "freezing": being_frozen(found),
        "refused": refused_since(found, rows[0] if rows else None),
        **newest_of(request, version),
    }


def newest_of(request: MemberRequest, version: SliceVersion) -> dict[str, Any]:
    """The newest members with the addresses of their pictures, or why there are none to show."""
    try:
        with bounded(PREVIEW_MS):
            rows = list(newest(version, EXAMPLES))
    except Refused as refused:
        return {"examples": [], "broken": refused.sentence}
    except ConditionError as wrong:
        return {"examples": [], "broken": str(wrong)}
    return {"examples": thumbs(request.organization, rows)}


def why_not_frozen(version: SliceVersion) -> str:
    """The sentence of the button that cannot be pressed; empty where it can."""
    try:
        with bounded(PREVIEW_MS):
            n, _exact = live_count(version)
    except ConditionError as wrong:
        return str(wrong)
    except Refused:
        n = 0 if version.min_size else 1  # it is large, or nobody asks how many there are
    return why_refused(check_freeze, version, n)


def refused_since(found: Slice, last: Snapshot | None) -> Any:
    """The event of a freeze that found too little, if none has succeeded since."""
    event = found.organization.events.about(found).filter(kind="snapshot.refused").first()
    return event if event and (last is None or event.at > last.built_at) else None
