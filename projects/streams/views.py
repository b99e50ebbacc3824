"""A project's page, its examples, and the pictures of them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from projects.streams.actions import note_look
from projects.streams.doors import open_project
from projects.streams.media import VALID_S, is_open, read, shows_media, signed_url
from projects.streams.models import Example, Project
from projects.streams.panels import panels_of
from projects.streams.withholding import shown_to
from teams.access.tenancy import MemberRequest, member_page

SHOWN = 24


@require_safe
@shows_media
@member_page("projects.view_project")
def project(request: MemberRequest, project: str) -> HttpResponse:
    """What comes in, newest first, and what the other floors have to say."""
    place = open_project(request, project)
    before = request.GET.get("before", "")
    rows = request.organization.examples.filter(stream__project=place).order_by("-pk")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.select_related("stream")[: SHOWN + 1])
    context = {
        "project": place,
        "streams": list(place.streams.order_by("name", "pk")),
        "examples": [shown(request, row) for row in found[:SHOWN]],
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
        "panels": [] if before else panels_of(request, place),
    }
    return render(request, "projects/streams/project.html", context)


def shown(request: MemberRequest, row: Example) -> dict[str, Any]:
    """An example with the address of its picture."""
    return {"example": row, "url": signed_url(request.organization, row)}


@require_safe
@shows_media
@member_page("projects.view_project")
def example(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """One example: what it is, what models said of it."""
    place = open_project(request, project)
    row = find_example(request, place, pk)
    attributes, withheld = shown_to(request.user, row)
    context = shown(request, row) | {
        "project": place,
        "facts": sorted(attributes.items()),
        "withheld": withheld,
        "predictions": row.predictions.select_related("model_version").order_by("-at", "-pk")[:50],
    }
    return render(request, "projects/streams/example.html", context)


def find_example(request: MemberRequest, place: Project, pk: int) -> Example:
    """The example at this address, or 404."""
    rows = request.organization.examples.filter(stream__project=place).select_related("stream")
    return get_object_or_404(rows, pk=pk)


@require_safe
@member_page()
def media(request: MemberRequest, digest: str) -> HttpResponseBase:
    """An uploaded picture, to members who come with a fresh address; it can run nothing."""
    of = request.GET.get("of", "")
    if not is_open(request.organization, digest, request.GET.get("token", ""), of):
        raise Http404
    row = get_object_or_404(request.organization.media, digest=digest)
    if of:
        note_look(get_object_or_404(request.organization.examples, pk=int(of)), by=request.user)
    answer = HttpResponse(read(row), content_type=row.content_type)
    answer["Content-Disposition"] = f'inline; filename="{digest[:12]}"'
    answer["Cache-Control"] = "no-store" if of else f"private, max-age={VALID_S}"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
