"""Freezing a slice by hand; one snapshot with its evidence, and its files."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.streams.doors import can, do, open_project
from projects.streams.models import Project
from projects.streams.ranges import begins
from slices.definitions.saying import chips
from slices.snapshots import pin_views
from slices.snapshots.actions import note_download, request_freeze
from slices.snapshots.asking_first import asked_first
from slices.snapshots.downloads import AT_ONCE, downloadable
from slices.snapshots.export_views import panel
from slices.snapshots.grades import grade_of, graded
from slices.snapshots.looking import find
from slices.snapshots.models import Snapshot
from slices.snapshots.saying import spoken
from slices.snapshots.serving import serve
from slices.snapshots.suspecting import suspicions_of
from teams.access.tenancy import MemberRequest, member_page

OFFERED = 100  # other snapshots of the slice to compare with, the newest


@require_POST
@member_page("projects.view_project")
def freeze_slice(request: MemberRequest, project: str, slug: str) -> HttpResponse:
    """Freeze the slice as it is now."""
    place = open_project(request, project, "projects.manage_project")
    found = find(place, slug)
    return do(
        request,
        _("It is being frozen as it is now. The snapshot appears below in a moment."),
        lambda: request_freeze(slice=found, by=request.user),
        reverse("slice", args=[request.organization.slug, place.slug, found.slug]),
    )


def find_snapshot(request: MemberRequest, project: Project, pk: int) -> Snapshot:
    """The snapshot at this address, or 404."""
    rows = graded(request.organization.snapshots.filter(project=project))
    return get_object_or_404(rows.select_related("slice_version__slice__stream", "organization"), pk=pk)


@require_safe
@member_page("projects.view_project")
def snapshot_page(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """The evidence: hashes, counts, how it was narrowed down, and the files."""
    place = open_project(request, project)
    found = find_snapshot(request, place, pk)
    address = reverse("snapshot-download", args=[request.organization.slug, place.slug, found.pk])
    runs = request.organization.runs.select_related("model_version")
    context = {
        "project": place,
        "snapshot": found,
        "slice": found.slice_version.slice,
        "chips": chips(found.slice_version),
        "splits": [(name, found.n_by_split[name]) for name in sorted(found.n_by_split)],
        "labels": shares(found.n_by_label, found.n_total),
        "n_labels": sum(bool(name) for name in found.n_by_label),
        "funnel": spoken(found.funnel, found.slice_version),
        "download_url": f"{address}?format=jsonl",
        "grade": grade_of(found),
        "suspicions": suspicions_of(found),
        "may_recall": can(request, "projects.manage_project", place),
        "others": others_of(found),
        "may_export": can(request, "projects.export_project", place),
        **panel(request, place, found),
        **pin_views.panel(request, place, found),
        "runs": runs.filter(snapshot=found).order_by("pk"),
        "evaluations": found.evaluations.select_related("model_version").order_by("-pk"),
    }
    return render(request, "slices/snapshots/snapshot.html", context)


def others_of(snapshot: Snapshot) -> list[tuple[int, str]]:
    """The other snapshots of its slice, newest first, for a select."""
    rows = snapshot.organization.snapshots.filter(slice_version__slice=snapshot.slice_version.slice_id)
    found = rows.exclude(pk=snapshot.pk).order_by("-as_of", "-pk").values_list("pk", "as_of", "n_total")
    sentence = _("%(id)s, as of %(on)s UTC, %(n)s members")
    return [
        (pk, sentence % {"id": pk, "on": f"{as_of:%Y-%m-%d %H:%M}", "n": f"{n:,}"})
        for pk, as_of, n in found[:OFFERED]
    ]


def shares(counts: dict[str, int], total: int) -> list[dict[str, Any]]:
    """Counts by name, each with its share of all."""
    return [{"name": name, "n": n, "share": n / max(1, total)} for name, n in sorted(counts.items())]


@require_safe
@member_page("projects.view_project")
def download(request: MemberRequest, project: str, pk: int) -> HttpResponseBase:
    """The snapshot as a file, for people who may export."""
    place = open_project(request, project)
    if not can(request, "projects.export_project", place):
        raise PermissionDenied
    found, kind = find_snapshot(request, place, pk), request.GET.get("format", "jsonl")
    if kind not in AT_ONCE:
        raise Http404
    instead = asked_first(request, place, found)
    if instead is not None:
        return instead
    name = downloadable(found, kind, inline=False, by=request.user)
    answer = serve(request, name, AT_ONCE[kind], f"snapshot-{found.pk}.{kind}")
    if begins(answer):
        note_download(snapshot=found, kind=kind, by=request.user)
    return answer
