"""Choosing answers, seeing what voiding them would do, doing it, and taking it back."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeling.recall import actions
from labeling.recall.choosing import Choice, choice_of, foresee, labels_meant
from labeling.recall.forms import ChoiceForm, ReasonForm
from labeling.recall.models import Recall
from labeling.recall.uses import uses
from projects.streams.doors import do, open_project, see_other, why_refused
from projects.streams.models import Project
from teams.access.addressed import older
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

MANAGE = "projects.manage_project"
SHOWN = 30


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(MANAGE)
def recalls(request: MemberRequest, project: str) -> HttpResponse:
    """Those there were, and a form; with what it says in the address, what it would do. POST does it."""
    place = open_project(request, project, MANAGE)
    form = ChoiceForm(request.GET if "look" in request.GET else None, project=place)
    reason = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and reason.is_valid():
        try:
            made = actions.recall(choice=form.choice, reason=reason.cleaned_data["reason"], by=request.user)
            return see_other(address(made, place))
        except Refused as refused:
            reason.add_error(None, str(refused.sentence))
    is_wrong = bool(form.errors or (request.method == "POST" and (reason.errors or not form.is_bound)))
    rows = older(
        place.recalls.select_related("person", "queue", "schema", "made_by").order_by("-pk"), request.GET
    )
    found = list(rows[: SHOWN + 1])
    context = {
        "project": place,
        "form": form,
        "rows": [(row, words(choice_of(row))) for row in found[:SHOWN]],
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
        **(preview(form.choice, reason) if form.is_bound and form.is_valid() else {}),
    }
    return render(request, "labeling/recall/recalls.html", context, status=422 if is_wrong else 200)


def preview(choice: Choice, reason: ReasonForm) -> dict[str, Any]:
    """What a recall would do, room by room, and the form that asks why."""
    labels = labels_meant(choice)
    return {
        "foreseen": foresee(choice),
        "means": words(choice),
        "reason": reason,
        "why_not": why_refused(actions.check_recall, choice),
        "uses": [{"template": use.template, "said": use.foresee(choice.project, labels)} for use in uses()],
    }


def words(choice: Choice) -> list[tuple[str, Any]]:
    """What a choice narrows to, in words: (what, whom); moments stay moments."""
    said = f"{choice.question} = {choice.value}" if choice.value else choice.question
    pairs = [
        (_("Answers of"), choice.person),
        (_("In the queue"), choice.queue),
        (_("Given from"), choice.since),
        (_("Given until"), choice.until),
        (_("To the questions in version"), choice.schema.version if choice.schema else None),
        (_("That answer the question"), said),
    ]
    return [(name, value) for name, value in pairs if value]


@require_safe
@member_page(MANAGE)
def recall_page(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """One recall: what it meant, how far it is, what it came to, what had been made of the answers."""
    row = find(request, project, pk)
    context = {
        "project": row.project,
        "row": row,
        "means": words(choice_of(row)),
        "going": row.state in Recall.UNDER_WAY,
        "kept": row.answers - row.restored,
        "why_no_undo": why_refused(actions.check_undo, row),
        "uses": [{"template": use.template, "said": use.describe(row)} for use in uses()],
    }
    return render(request, "labeling/recall/recall.html", context)


@require_POST
@member_page(MANAGE)
def undo_recall(request: MemberRequest, project: str, pk: int) -> HttpResponseBase:
    """Put the answers back where nothing newer stands."""
    row = find(request, project, pk)
    said = _("The answers are being put back, where nothing newer stands.")
    return do(request, said, lambda: actions.undo(recall=row, by=request.user), address(row, row.project))


@require_POST
@member_page(MANAGE)
def resume_recall(request: MemberRequest, project: str, pk: int) -> HttpResponseBase:
    """Go on where it stopped."""
    row = find(request, project, pk)
    return do(
        request,
        _("It goes on."),
        lambda: actions.resume(recall=row, by=request.user),
        address(row, row.project),
    )


def find(request: MemberRequest, project: str, pk: int) -> Recall:
    """The recall at this address, or 404."""
    place = open_project(request, project, MANAGE)
    rows = request.organization.recalls.filter(project=place)
    rows = rows.select_related(
        "project__organization", "organization", "person", "queue", "schema", "made_by", "undone_by"
    )
    found: Recall = get_object_or_404(rows, pk=pk)
    return found


def address(row: Recall, project: Project) -> str:
    """The page of a recall."""
    return reverse("recall", args=[project.organization.slug, project.slug, row.pk])
