"""A project's page, its examples, and the pictures of them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from projects.streams.actions import note_look
from projects.streams.doors import can, open_project
from projects.streams.media import VALID_S, is_open, read, shows_media, signed_url
from projects.streams.models import Example, Project
from projects.streams.panels import panels_of
from projects.streams.tombstones import media_is_erased
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
    if row is None:
        return erased(request, place, pk)
    attributes, withheld = shown_to(request.user, row)
    context = shown(request, row) | {
        "project": place,
        "facts": sorted(attributes.items()),
        "withheld": withheld,
        "predictions": row.predictions.select_related("model_version").order_by("-at", "-pk")[:50],
        "may_manage": can(request, "projects.manage_project", place),
    }
    return render(request, "projects/streams/example.html", context)


def find_example(request: MemberRequest, place: Project, pk: int) -> Example | None:
    """The example at this address."""
    rows = request.organization.examples.filter(stream__project=place, pk=pk)
    return rows.select_related("stream").first() if pk < 2**63 else None


def erased(request: MemberRequest, place: Project, pk: int) -> HttpResponse:
    """410 for an example that was erased, 404 for one that never was."""
    tombstones = request.organization.tombstones.filter(stream__project=place)
    gone = get_object_or_404(tombstones, example_id=min(pk, 2**63 - 1))
    may_manage = can(request, "projects.manage_project", place)
    context = {"project": place, "gone": gone, "may_manage": may_manage}
    return render(request, "projects/erasure/erased.html", context, status=410)


@require_safe
@member_page()
def media(request: MemberRequest, digest: str) -> HttpResponseBase:
    """An uploaded picture, to members who come with a fresh address; it can run nothing."""
    of = request.GET.get("of", "")
    if not is_open(request.organization, digest, request.GET.get("token", ""), of):
        raise Http404
    if media_is_erased(request.organization, digest):
        return HttpResponse(status=410)
    row = get_object_or_404(request.organization.media, digest=digest)
    if of:
        note_look(get_object_or_404(request.organization.examples, pk=int(of)), by=request.user)
    answer = HttpResponse(read(row), content_type=row.content_type)
    answer["Content-Disposition"] = f'inline; filename="{digest[:12]}"'
    answer["Cache-Control"] = "no-store" if of else f"private, max-age={VALID_S}"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
