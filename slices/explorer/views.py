"""The explorer: type a condition, see at once what meets it, save it."""

from __future__ import annotations

import math
import time
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from projects.conditions.completing import complete
from projects.conditions.counting import Explanation, explain
from projects.conditions.text import MAX_TEXT, show_field
from projects.schemas.fields import field_specs
from projects.streams.doors import can, open_project
from projects.streams.media import shows_media
from projects.streams.models import Project, Stream
from projects.streams.shown import thumbs
from slices.definitions.models import Slice
from slices.explorer.asking import Asked, May, read
from slices.explorer.finding import children_of, find
from slices.explorer.saying import hints, is_unfinished, mistakes, pieces
from slices.explorer.starting import starts
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

MANAGE = "projects.manage_project"
AGAIN_S = 4  # after which an open page looks again, if that takes no time to speak of
PATIENCE = 20  # looking takes at most one part in so many of the time


def may_in(request: MemberRequest, place: Project) -> May:
    """Whether the person has a verb there."""
    return lambda verb: can(request, verb, place)


def stream_of(request: MemberRequest, place: Project) -> Stream | None:
    """The stream of the address, else the project's first; None where it has none, 404 for an unknown one."""
    rows = place.streams.select_related("organization", "project").order_by("name", "pk")
    slug = request.GET.get("stream", "") or request.POST.get("stream", "")
    return get_object_or_404(rows, slug=slug) if slug else rows.first()


def edited(request: MemberRequest, place: Project) -> Slice | None:
    """The slice whose meaning is being changed, if one is."""
    slug = request.GET.get("edit", "") or request.POST.get("edit", "")
    rows = place.slices.select_related("stream__organization", "project", "organization")
    return get_object_or_404(rows, slug=slug) if slug else None


def ask(request: MemberRequest, place: Project, stream: Stream, of: Slice | None = None) -> Asked:
    """The condition of the address."""
    text = request.GET.get("where", "").replace("\x00", "")[: MAX_TEXT + 1]
    return read(stream, text, may_in(request, place), of.slug if of else None)


@require_safe
@shows_media
@member_page("projects.view_project")
def explore(request: MemberRequest, project: str) -> HttpResponse:
    """The whole page; it works without scripts, by its button."""
    place = open_project(request, project)
    of = edited(request, place)
    stream = of.stream if of else stream_of(request, place)
    context: dict[str, Any] = {"project": place, "stream": stream, "edit": of}
    if stream is None:
        return render(request, "slices/explorer/explore.html", context)
    asked = ask(request, place, stream, of)
    context |= {
        "asked": asked,
        "streams": [(row.slug, row.name) for row in place.streams.order_by("name", "pk")],
        "starts": starts(stream),
        "may_save": can(request, MANAGE, place),
        **counted(asked),
        **found(request, asked),
    }
    return render(request, "slices/explorer/explore.html", context)


@require_safe
@member_page("projects.view_project")
def count(request: MemberRequest, project: str) -> HttpResponse:
    """A part of the page: how many, part by part, or what is wrong and where."""
    place, of, asked = part_of(request, project)
    context = {"project": place, "edit": of, "asked": asked, **counted(asked)}
    return render(request, "slices/explorer/count.html", context)


@require_safe
@shows_media
@member_page("projects.view_project")
def shown(request: MemberRequest, project: str) -> HttpResponse:
    """A part of the page: the newest examples, their classes, when they came."""
    place, _of, asked = part_of(request, project)
    context = {"project": place, "asked": asked, **found(request, asked)}
    return render(request, "slices/explorer/found.html", context)


@require_safe
@member_page("projects.view_project")
def completions(request: MemberRequest, project: str) -> HttpResponse:
    """What may stand at the cursor, as JSON; `replace` counts characters, not halves of them."""
    place = open_project(request, project)
    stream = stream_of(request, place)
    if stream is None:
        raise Http404
    text, cursor = request.GET.get("where", "")[:MAX_TEXT], request.GET.get("cursor", "")
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 9):
        raise Http404
    may = may_in(request, place)
    found = complete(text.replace("\x00", " "), int(cursor), stream, may=may)
    own = {show_field(name) for name in field_specs(stream.fields)}
    found.sort(key=lambda one: one.kind == "field" and one.text not in own)  # the stream's own come first
    return JsonResponse({"completions": [one._asdict() for one in found]})


def part_of(request: MemberRequest, project: str) -> tuple[Project, Slice | None, Asked]:
    """What a part of the page is asked."""
    place = open_project(request, project)
    of = edited(request, place)
    stream = of.stream if of else stream_of(request, place)
    if stream is None:
        raise Http404
    return place, of, ask(request, place, stream, of)


def counted(asked: Asked) -> dict[str, Any]:
    """The counts and what is to say of them; `too_slow` where counting took too long."""
    said: dict[str, Any] = {"pieces": pieces(asked), "mistakes": mistakes(asked)}
    if asked.condition is None:
        return said | {"unfinished": is_unfinished(asked)}
    began, now = time.monotonic(), timezone.now()
    try:
        if asked.params:
            return said | {"children": children_of(asked.condition, now), "hints": hints(asked, None)}
        explained = explain(asked.condition, now)
    except Refused as refused:
        return said | {"too_slow": refused.sentence, "hints": hints(asked, None)}
    again = max(AGAIN_S, math.ceil(PATIENCE * (time.monotonic() - began)))
    return said | {
        "whole": explained.whole,
        "parts": parts(asked, explained),
        "hints": hints(asked, explained.whole.n),
        "again_s": again,
    }


def parts(asked: Asked, explained: Explanation) -> list[dict[str, Any]]:
    """The parts of the text, each with its counts and the text without it."""
    most = max([1, *(part.alone.n for part in explained.parts)])
    return [
        {"part": part, "without": asked.without(index), "of": most}
        for index, part in enumerate(explained.parts)
    ]


def found(request: MemberRequest, asked: Asked) -> dict[str, Any]:
    """What meets the condition; nothing for a family, whose children differ."""
    if asked.condition is None or asked.params:
        return {}
    try:
        seen = find(asked.condition, timezone.now())
    except Refused as refused:
        return {"found_too_slow": refused.sentence}
    rows = thumbs(request.organization, seen.examples)
    return {"found": seen, "examples": rows}
