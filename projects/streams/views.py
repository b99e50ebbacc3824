"""A project's page, its examples, and their media."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from projects.streams.actions import note_look
from projects.streams.doors import can, open_project
from projects.streams.media import is_open, name_of, shows_media
from projects.streams.models import Example, Project
from projects.streams.panels import panels_of, panels_of_example
from projects.streams.ranges import begins
from projects.streams.shown import shown_whole, stored, thumbs, uploaded
from projects.streams.tombstones import media_is_erased
from projects.streams.withholding import shown_to
from teams.access.addressed import older
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

SHOWN = 24


@require_safe
@shows_media
@member_page("projects.view_project")
def project(request: MemberRequest, project: str) -> HttpResponse:
    """What comes in, newest first, and what the other floors have to say."""
    place = open_project(request, project)
    before = request.GET.get("before", "")
    rows = request.organization.examples.filter(stream__project=place).order_by("-pk")
    found = list(older(rows, request.GET).select_related("stream")[: SHOWN + 1])
    context = {
        "project": place,
        "streams": list(place.streams.order_by("name", "pk")),
        "examples": thumbs(request.organization, found[:SHOWN]),
        "is_older": bool(before),
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
        "may_manage": can(request, "projects.manage_project", place),
        "panels": [] if before else panels_of(request, place),
    }
    return render(request, "projects/streams/project.html", context)


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
    context = {
        "example": row,
        "media": shown_whole(request.organization, row, by=request.user),
        "project": place,
        "facts": sorted(attributes.items()),
        "withheld": withheld,
        "predictions": row.predictions.select_related("model_version").order_by("-at", "-pk")[:50],
        "may_manage": can(request, "projects.manage_project", place),
        "panels": panels_of_example(request, place, row),
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
    """An uploaded file, to members who come with a fresh address; it can run nothing."""
    of = request.GET.get("of", "")
    if not is_open(request.organization, digest, request.GET.get("token", ""), of):
        raise Http404
    if media_is_erased(request.organization, digest):
        return HttpResponse(status=410)
    row = get_object_or_404(request.organization.media, digest=digest)
    example = get_object_or_404(request.organization.examples, pk=int(of)) if of else None
    try:
        answer = uploaded(request, row, is_personal=bool(of))
    except FileNotFoundError:
        raise Http404 from None
    return told(request, example, answer)


@require_safe
@member_page()
def example_media(request: MemberRequest, pk: int) -> HttpResponseBase:
    """A file of the organization's own store, read for the example that points at it."""
    example = request.organization.examples.filter(pk=pk).select_related("stream").first()
    if example is None:
        get_object_or_404(request.organization.tombstones, example_id=pk)
        return HttpResponse(status=410)
    if not is_open(
        request.organization, name_of(example.media_uri), request.GET.get("token", ""), str(example.pk)
    ):
        raise Http404
    is_personal = example.stream.has_personal_media
    try:
        answer = stored(request, request.organization, example.media_uri, is_personal=is_personal)
    except (Refused, FileNotFoundError):
        raise Http404 from None
    except OSError:
        return HttpResponse(status=503, headers={"Retry-After": "10"})
    return told(request, example if is_personal else None, answer)


def told(request: MemberRequest, example: Example | None, answer: HttpResponseBase) -> HttpResponseBase:
    """The answer, and a look in the audit if it carries anything of an example that shows people."""
    if example is not None and answer.status_code in (200, 206):
        note_look(example, by=request.user, is_part=not begins(answer))
    return answer
