"""The checks of a project's answers: how often each is met, and declaring and ending them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labeling.quality.declaring import declare, end, questions_of, with_hits
from labeling.quality.forms import CheckForm
from labeling.quality.heuristics import CHECKS
from labeling.quality.queue_pages import ANSWERS, MANAGE
from projects.streams.doors import can, do, open_project, see_other
from projects.streams.models import Project
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

SHOWN = 30


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(ANSWERS)
def checks(request: MemberRequest, project: str) -> HttpResponse:
    """Those in use first, then earlier versions; and a form for the next."""
    place = open_project(request, project, MANAGE if request.method == "POST" else ANSWERS)
    form = CheckForm(request.POST or None, questions=questions_of(place))
    if request.method == "POST" and form.is_valid() and declared(request, place, form):
        return see_other(address(place))
    context = {
        "project": place,
        "rows": [(row, CHECKS[row.looks_for].title, rate(row)) for row in with_hits(place)[:SHOWN]],
        "form": form,
        "can_manage": can(request, MANAGE, place),
    }
    return render(request, "labeling/quality/checks.html", context, status=422 if form.errors else 200)


def rate(row: Any) -> float | None:
    """How many of the answers given in its time met it, in percent; None before there were any."""
    met, asked = row.refused + row.explained, row.answers + row.refused
    return met / asked * 100 if asked else None


def declared(request: MemberRequest, project: Project, form: CheckForm) -> bool:
    """Declare it and say so; else the form says why not."""
    given = form.cleaned_data
    try:
        made = declare(
            project=project,
            name=given["name"],
            looks_for=given["looks_for"],
            question=given["question"] if CHECKS[given["looks_for"]].kinds else "",
            limits=form.limits,
            effect=given["effect"],
            by=request.user,
        )
    except Refused as refused:
        form.add_error(None, str(refused.sentence))
        return False
    messages.success(request, _("In use from now on, as version %(version)s.") % {"version": made.version})
    return True


@require_POST
@member_page(MANAGE)
def end_check(request: MemberRequest, project: str, pk: int) -> HttpResponseBase:
    """Use one no more."""
    place = open_project(request, project, MANAGE)
    row = get_object_or_404(request.organization.heuristics.filter(project=place), pk=pk)
    row.organization = request.organization
    return do(request, _("Not in use any more."), lambda: end(heuristic=row, by=request.user), address(place))


def address(project: Project) -> str:
    """The page of a project's checks."""
    return reverse("answer-checks", args=[project.organization.slug, project.slug])
