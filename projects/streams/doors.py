"""How the pages of a project find it, and answer a form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise

from projects.streams.models import Project
from teams.access.problems import Problem
from teams.access.tenancy import MemberRequest
from teams.identity.refused import Refused


def open_project(request: MemberRequest, slug: str, verb: str = "projects.view_project") -> Project:
    """The project of the address: 404 where the person may not see it, 403 where they may not do `verb`."""
    projects = request.organization.projects.open_to(request.user, "projects.view_project")
    project = get_object_or_404(projects, slug=slug)
    request.project = project  # type: ignore[attr-defined]
    if verb != "projects.view_project" and not request.user.has_perm(verb, project):
        raise PermissionDenied
    return project


def can(request: MemberRequest, verb: str, project: Project) -> bool:
    """Whether to offer what needs this verb."""
    return request.user.has_perm(verb, project)


def why_refused(check: Callable[..., Any], *args: Any) -> str:
    """The sentence of a check, which the disabled button shows; empty where it may be pressed."""
    try:
        check(*args)
    except Refused as refused:
        return str(refused.sentence)
    except Problem as problem:
        return str(problem.detail)
    return ""


def do(request: MemberRequest, said: str | Promise, action: Callable[[], Any], to: str) -> HttpResponse:
    """Do it and say so, or say why not; back to the page either way."""
    try:
        action()
    except Refused as refused:
        messages.error(request, str(refused.sentence))
    else:
        messages.success(request, str(said))
    return see_other(to)


def see_other(to: str) -> HttpResponse:
    """303: the answer to a form is another page, to be fetched with GET."""
    answer = HttpResponseRedirect(to)
    answer.status_code = 303
    return answer
