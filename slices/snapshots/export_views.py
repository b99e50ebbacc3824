"""Having files made of a snapshot, for people: asked for on its page, fetched from there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.streams.doors import can, do, open_project, see_other
from projects.streams.models import Project
from projects.streams.ranges import begins
from slices.snapshots.actions import note_download
from slices.snapshots.asking_first import asked_first
from slices.snapshots.exports import (
    FORMATS,
    cancel_export,
    content_type_of,
    file_of,
    files_of,
    request_export,
)
from slices.snapshots.forms import ExportForm
from slices.snapshots.grades import check_here
from slices.snapshots.models import Export, Snapshot
from slices.snapshots.serving import serve
from teams.access.tenancy import MemberRequest, member_page

SHOWN = 20


def panel(request: MemberRequest, project: Project, snapshot: Snapshot) -> dict[str, Any]:
    """What the snapshot's page shows of its exports, and the form for the next one."""
    rows = list(request.organization.exports.filter(snapshot=snapshot).order_by("-asked_at", "-pk")[:SHOWN])
    place = [request.organization.slug, project.slug, snapshot.pk]
    return {
        "exports": [described(row, place) for row in rows],
        "export_url": reverse("snapshot-export", args=place),
        "export_form": ExportForm(),
        "going": any(row.state in Export.GOING for row in rows),
    }


def described(export: Export, place: list[Any]) -> dict[str, Any]:
    """One export as the page shows it."""
    here = [*place, export.pk]
    return {
        "row": export,
        "title": FORMATS[export.format].title if export.format in FORMATS else export.format,
        "inline": export.options.get("media") == "inline",
        "going": export.state in Export.GOING,
        "cancel_url": reverse("snapshot-export-cancel", args=here),
        "files": [
            file | {"url": reverse("snapshot-export-file", args=[*here, file["name"]])}
            for file in reversed(files_of(export))
        ],
        "lossy": [_(sentence) for sentence in export.lossy],
    }


def find_snapshot(request: MemberRequest, project: str, pk: int) -> tuple[Project, Snapshot]:
    """The snapshot at this address, for somebody who may take it away; 404, or 403."""
    place = open_project(request, project)
    if not can(request, "projects.export_project", place):
        raise PermissionDenied
    rows = request.organization.snapshots.filter(project=place).select_related("organization")
    return place, get_object_or_404(rows, pk=pk)


@require_POST
@member_page("projects.view_project")
def export_snapshot(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Have files made."""
    _place, snapshot = find_snapshot(request, project, pk)
    form, back = ExportForm(request.POST), reverse("snapshot", args=[request.organization.slug, project, pk])
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return see_other(f"{back}#files")
    kind = form.cleaned_data["format"]
    return do(
        request,
        _("The files are being made; they appear below."),
        lambda: (
            check_here(snapshot)
            and request_export(snapshot=snapshot, format=kind, options=form.options, by=request.user)
        ),
        f"{back}#files",
    )


@require_POST
@member_page("projects.view_project")
def cancel(request: MemberRequest, project: str, pk: int, export: int) -> HttpResponse:
    """Call it off."""
    _place, snapshot = find_snapshot(request, project, pk)
    row = get_object_or_404(request.organization.exports.filter(snapshot=snapshot), pk=export)
    back = reverse("snapshot", args=[request.organization.slug, project, pk])
    return do(
        request, _("It is called off."), lambda: cancel_export(export=row, by=request.user), f"{back}#files"
    )


@require_safe
@member_page("projects.view_project")
def export_file(request: MemberRequest, project: str, pk: int, export: int, name: str) -> HttpResponseBase:
    """One file of an export."""
    place, snapshot = find_snapshot(request, project, pk)
    row = get_object_or_404(request.organization.exports.filter(snapshot=snapshot), pk=export)
    instead = asked_first(request, place, snapshot)
    if instead is not None:
        return instead
    file = file_of(row, name)
    if file is None:
        raise Http404
    answer = serve(request, file["kept_as"], content_type_of(name), name.rpartition("/")[2])
    if begins(answer):
        note_download(snapshot=snapshot, kind=row.format, file=name, export=row.pk, by=request.user)
    return answer
