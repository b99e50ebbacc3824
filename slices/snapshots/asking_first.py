"""A file that is not exactly what was frozen is handed to a person only after they were told so."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from projects.streams.doors import see_other, why_refused
from projects.streams.models import Project
from slices.snapshots.grades import check_rows, grade_of
from slices.snapshots.models import Snapshot
from slices.snapshots.redactions import left_out
from teams.access.tenancy import MemberRequest

ACCEPTS = "accept_redacted"


def asked_first(request: MemberRequest, project: Project, snapshot: Snapshot) -> HttpResponse | None:
    """What to answer instead of the file: why there is none, or whether they take what is left; None to go on."""
    back = reverse("snapshot", args=[request.organization.slug, project.slug, snapshot.pk])
    why = why_refused(partial(check_rows, snapshot, accepts_redacted=True))
    if why:
        messages.error(request, why)
        return see_other(back)
    n = len(left_out(snapshot))
    if not n or request.GET.get(ACCEPTS) == "true":
        return None
    query = {"format": request.GET["format"]} if "format" in request.GET else {}
    context = {
        "project": project,
        "snapshot": snapshot,
        "grade": grade_of(snapshot)._replace(name="redacted", n=n),
        "go_url": f"{request.path}?{urlencode(query | {ACCEPTS: 'true'})}",
        "back_url": back,
    }
    return render(request, "slices/snapshots/redacted.html", context)
