"""Imports for people: bring a file, see what it becomes, start it, watch it, mend what was not taken."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeling.answers.api import apart
from labeling.answers.people import map_person
from labeling.imports import actions
from labeling.imports.auditing import agreement
from labeling.imports.forms import FileForm, SettingsForm, undeclared
from labeling.imports.models import Import
from labeling.imports.previewing import Seen, look
from labeling.imports.proposing import EDIT, ask
from labeling.imports.report import TYPES, report
from labeling.imports.storing import keep, remove
from projects.streams.declaring import change_fields
from projects.streams.doors import can, do, open_project, see_other
from projects.streams.models import Project
from teams.access.addressed import older, row_id
from teams.access.problems import Invalid
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused
from teams.identity.zones import places

VIEW, MANAGE = "projects.view_project", "projects.manage_project"
SHOWN, ERRORS, PEOPLE = 50, 20, 200
KEPT = ("name", "type", "enum", "nullable", "title", "pii")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(VIEW)
def imports(request: MemberRequest, project: str) -> HttpResponse:
    """What has come in from files, newest first; and a form for the next one."""
    place = open_project(request, project, MANAGE if request.method == "POST" else VIEW)
    form = FileForm(request.POST or None, request.FILES or None, project=place)
    if request.method == "POST" and form.is_valid():
        try:
            return see_other(address(brought(request, form)))
        except Refused as reason:
            form.add_error(None, str(reason.sentence))
    rows = older(place.imports.select_related("stream", "created_by").order_by("-pk"), request.GET)
    found = list(rows[: SHOWN + 1])
    context = {
        "project": place,
        "rows": found[:SHOWN],
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
        "form": form,
        "has_streams": place.streams.exists(),
        "can_manage": can(request, MANAGE, place),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "labeling/imports/imports.html", context, status=status)


def brought(request: MemberRequest, form: FileForm) -> Import:
    """The draft of what was chosen; a file without a draft is not kept."""
    stream = form.cleaned_data["stream"]
    upload = form.cleaned_data.get("file")
    if not upload:
        return actions.draft_address(stream=stream, uri=form.cleaned_data["uri"], by=request.user)
    stored = keep(request.organization, upload)
    try:
        return actions.draft_upload(stream=stream, name=upload.name, stored=stored, by=request.user)
    except BaseException:
        remove(stored.name)
        raise


@require_safe
@member_page(VIEW)
def import_(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """One import: what it would become, how far it is, or what it came to."""
    row = find(request, project, pk)
    if row.state == Import.State.DRAFT and can(request, MANAGE, row.project):
        return prepare(request, row)
    faults = row.organization.rejected_rows.filter(source=row).order_by("pk")[:ERRORS]
    people = row.organization.imported_people.filter(project=row.project).select_related("user")
    can_manage = can(request, MANAGE, row.project)
    context = {
        "project": row.project,
        "row": row,
        "faults": list(faults),
        "audit": agreement(row) if row.trust == Import.Trust.AUDITED else None,
        "people": list(people.order_by("user_id", "name")[:PEOPLE]) if can_manage else [],
        "members": members(request) if can_manage else [],
        "can_manage": can_manage,
        "going": row.state in (Import.State.QUEUED, Import.State.RUNNING),
    }
    return render(request, "labeling/imports/import.html", context)


def prepare(
    request: MemberRequest, row: Import, form: SettingsForm | None = None, seen: Seen | None = None
) -> HttpResponse:
    """A draft: how its first rows would be taken, and everything that can be said about it."""
    seen = seen or look(row)
    form = form or SettingsForm(
        row=row,
        columns=seen.columns,
        questions=seen.answered,
        proposal=seen.proposal if can(request, EDIT, row.project) else (),
        initial={"format": seen.format, "time_zone": zone_of(request)},
    )
    if not form.is_bound and seen.columns:  # as the form says it, types included
        seen = look(row, seen.format, form.options())
    context = {"project": row.project, "row": row, "form": form, "seen": seen}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "labeling/imports/prepare.html", context, status=status)


@require_POST
@member_page(MANAGE)
def start(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Begin with a draft; or look again at what it would become, as the form stands."""
    row = find(request, project, pk, MANAGE)
    if row.state != Import.State.DRAFT:
        messages.error(request, _("This import was started already."))
        return see_other(address(row))
    first = look(row, request.POST.get("format", ""))
    form = SettingsForm(
        request.POST,
        row=row,
        columns=first.columns,
        questions=first.answered,
        proposal=first.proposal if can(request, EDIT, row.project) else (),
    )
    if "again" in request.POST or not form.is_valid():
        if "again" in request.POST:
            form.errors.clear()
        return prepare(request, row, form, look(row, first.format, form.options()))
    seen = look(row, first.format, form.options())
    if seen.problem:
        form.add_error(None, seen.problem)
        return prepare(request, row, form, seen)
    try:
        with transaction.atomic():
            if form.cleaned_data.get("declare"):
                declare(row, form, request)
            if form.cleaned_data.get("ask"):
                ask(project=row.project, proposal=first.proposal, by=request.user)
            actions.start(row=row, settings=form.settings(), by=request.user)
    except Invalid as wrong:
        form.add_problems(wrong)
    except Refused as reason:
        form.add_error(None, str(reason.sentence))
    else:
        return see_other(address(row))
    return prepare(request, row, form, seen)


def declare(row: Import, form: SettingsForm, request: MemberRequest) -> None:
    """Make the attributes that the file brings the stream's."""
    new = undeclared(row, form)
    if new:
        known = [{name: field[name] for name in KEPT if name in field} for field in row.stream.fields]
        change_fields(stream=row.stream, wanted=[*known, *new], by=request.user)


@require_POST
@member_page(MANAGE)
def cancel(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Take no more of it."""
    row = find(request, project, pk, MANAGE)
    said = _("Cancelled. What was taken before stays.")
    return do(request, said, lambda: actions.cancel(row=row, by=request.user), address(row))


@require_POST
@member_page(MANAGE)
def resume(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Go on where it stopped."""
    row = find(request, project, pk, MANAGE)
    return do(request, _("It goes on."), lambda: actions.resume(row=row, by=request.user), address(row))


@require_POST
@member_page(MANAGE)
def name_person(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Say which member somebody is whom a file names."""
    row = find(request, project, pk, MANAGE)
    people = row.organization.imported_people.filter(project=row.project)
    person = get_object_or_404(people, pk=row_id(request.POST.get("person", "")))
    wanted = request.POST.get("member", "")
    user = None
    if wanted:
        memberships = request.organization.memberships.people().select_related("user")
        user = get_object_or_404(memberships, pk=row_id(wanted)).user
    said = _("Said. Their labels are theirs in a moment.")
    return do(request, said, lambda: map_person(person=person, user=user, by=request.user), address(row))


@require_safe
@member_page(VIEW)
def errors(request: MemberRequest, project: str, pk: int) -> HttpResponseBase:
    """The rows that were not taken, as a table."""
    row = find(request, project, pk)
    lines = report(row, "csv")
    is_async = isinstance(cast(Any, request), ASGIRequest)
    answer = StreamingHttpResponse(apart(lines) if is_async else lines, content_type=TYPES["csv"])
    answer["Content-Disposition"] = f'attachment; filename="import-{row.pk}-errors.csv"'
    return answer


def find(request: MemberRequest, project: str, pk: int, verb: str = VIEW) -> Import:
    """The import at this address, or 404."""
    place: Project = open_project(request, project, verb)
    rows = request.organization.imports.filter(project=place)
    found: Import = get_object_or_404(
        rows.select_related("organization", "project", "stream__project"), pk=pk
    )
    return found


def zone_of(request: MemberRequest) -> str:
    """The person's time zone, if it is one to choose from."""
    zone: str = request.user.time_zone
    return zone if zone in places() else "UTC"


def members(request: MemberRequest) -> list[tuple[Any, str]]:
    """Who somebody may be: pairs for a select."""
    rows = request.organization.memberships.people().select_related("user").order_by("user__name", "pk")
    return [("", _("nobody here")), *((row.pk, f"{row.user} ({row.user.email})") for row in rows[:1000])]


def address(row: Import) -> str:
    """The page of an import."""
    return reverse(
        "import",
        kwargs={"organization": row.organization.slug, "project": row.project.slug, "pk": row.pk},
    )
