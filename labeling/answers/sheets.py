"""A sheet as a page: up to 24 examples with what the model says of each; only the exceptions are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from labeling.answers.actions import feedback_on
from labeling.answers.guesses import classes_of, guess_of, question_of, value_of
from labeling.answers.unverifying import undo_sheet
from labeling.answers.verifying import Cell, Kept, verify
from labeling.answers.views import LABEL, active_seconds, here, open_queue, reason_in, show
from labeling.queues.models import Queue
from labeling.tasks import claiming
from labeling.tasks.claiming import STALE
from labeling.tasks.hindrances import why_not
from labeling.tasks.models import CELLS, Lease
from labeling.tasks.sheets import claim_sheet, held_sheet, renew_sheet
from labeling.tasks.waiting import with_waiting
from projects.schemas.answers import label_of
from projects.streams.doors import see_other
from projects.streams.media import shows_media
from projects.streams.shown import Shown, shown
from teams.access.problems import Invalid
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cell as the page draws it. `guess` is what the model says, in the words of the question; `chosen` a class."""

    lease: Lease
    media: Shown
    value: str
    guess: str
    chosen: str
    is_marked: bool
    error: str


@require_GET
@shows_media
@member_page(LABEL)
def work(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """The task that the person holds, or their sheet, or the way to take one."""
    found = open_queue(request, project, queue)
    if found.asking == Queue.Asking.SHEET:
        return show_sheet(request, found, held_sheet(user=request.user, queue=found))
    return show(request, found, claiming.held(user=request.user, queue=found))


def show_sheet(
    request: MemberRequest,
    queue: Queue,
    leases: Sequence[Lease],
    *,
    status: int = 200,
    sent: Mapping[int, Cell] | None = None,
    errors: Mapping[int, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """The page, with what was typed where it is shown again."""
    classes = classes_of(queue)
    cells = [
        drawn(queue, lease, (sent or {}).get(lease.pk), (errors or {}).get(lease.pk, "")) for lease in leases
    ]
    context: dict[str, Any] = {
        "queue": queue,
        "project": queue.project,
        "question": question_of(queue),
        "classes": classes,
        "cells": cells,
        "problems": [cell for cell in cells if cell.error],
        **more,
    }
    if not leases:
        queues = request.organization.queues.filter(pk=queue.pk)
        context["counted"] = with_waiting(queues, request.organization, request.user).get()
        context["hindrance"] = why_not(user=request.user, queue=queue)
    return render(request, "labeling/answers/sheet.html", context, status=status)


def drawn(queue: Queue, lease: Lease, cell: Cell | None, error: str) -> Drawn:
    """A cell: as it was sent, else as it was before it was undone."""
    example = lease.task.example
    titles = {option.value: option.title for option in classes_of(queue)}
    guess = guess_of(queue, example)
    value = example.predicted or "" if guess is not None else ""
    draft = (lease.draft or {}).get(question_of(queue)["name"])
    given = cell.value if cell is not None else draft
    chosen = label_of(queue.schema, {question_of(queue)["name"]: given}) if given is not None else ""
    is_marked = cell.is_marked if cell is not None else lease.draft is not None
    media = shown(queue.organization, example)
    return Drawn(lease, media, value, titles.get(value, value), chosen, is_marked, error)


def sent_in(request: MemberRequest, queue: Queue) -> list[Cell]:
    """The cells of the form: `cell` is lease and token, `wrong` are the marked ones, `right-{lease}` a class."""
    cells = request.POST.getlist("cell")
    if not 0 < len(cells) <= CELLS:
        raise Http404
    wrong = set(request.POST.getlist("wrong"))
    found = []
    for text in cells:
        lease, dot, token = text.partition(".")
        if not (dot and all(part.isascii() and part.isdigit() and len(part) < 19 for part in (lease, token))):
            raise Http404
        chosen = request.POST.get(f"right-{lease}", "")
        value = value_of(queue, chosen)
        is_marked = lease in wrong or value is not None
        found.append(Cell(int(lease), int(token), is_marked, value))
    return found


@require_POST
@member_page(LABEL)
def take(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Fill the sheet."""
    return onwards(request, sheet_queue(request, project, queue), [])


def sheet_queue(request: MemberRequest, project: str, queue: str) -> Queue:
    """The queue at this address, if it shows sheets."""
    found = open_queue(request, project, queue)
    if found.asking != Queue.Asking.SHEET:
        raise Http404
    return found


def onwards(request: MemberRequest, queue: Queue, said: list[str]) -> HttpResponse:
    """On to the next sheet, saying what became of the last."""
    leases = claim_sheet(user=request.user, queue=queue)
    if not leases:
        said = [*said, why_not(user=request.user, queue=queue) or _("Nothing else waits for you here.")]
    for line in said:
        messages.info(request, line)
    return see_other(here("label-work", request, queue))


@require_POST
@shows_media
@member_page(LABEL)
def answer(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Keep the sheet and take the next: what is not marked is what the model says."""
    found = sheet_queue(request, project, queue)
    cells = sent_in(request, found)
    try:
        kept = verify(
            queue=found,
            cells=cells,
            active_s=active_seconds(request),
            reason=reason_in(request),
            by=request.user,
        )
    except Invalid as wrong:
        return shown_again(request, found, cells, wrong)
    if kept.lost:
        words = _("Not counted, because their time had run out: %(keys)s. All others were.")
        messages.warning(request, words % {"keys": ", ".join(kept.lost)})
    return onwards(request, found, said_of(kept))


def said_of(kept: Kept) -> list[str]:
    """What became of a sheet, in sentences."""
    parts = [
        (kept.accepted, ngettext("%(n)s is as the model says", "%(n)s are as the model says", kept.accepted)),
        (kept.corrected, ngettext("%(n)s was put right", "%(n)s were put right", kept.corrected)),
        (kept.handed_on, ngettext("%(n)s was handed on", "%(n)s were handed on", kept.handed_on)),
    ]
    words = ", ".join(text % {"n": n} for n, text in parts if n)
    return [f"{words}."] * bool(words) + [line for row in kept.answers if (line := feedback_on(row))]


def shown_again(request: MemberRequest, queue: Queue, cells: Sequence[Cell], wrong: Invalid) -> HttpResponse:
    """The same sheet with what is missing, or what is odd about it."""
    errors = {row["pointer"]: row["detail"] for row in wrong.errors}
    at = {int(key.split("/")[2]): words for key, words in errors.items() if key.startswith("/cells/")}
    odd = [words for key, words in errors.items() if not key.startswith("/cells/")]
    more = {"odd": odd, "wants_reason": "/reason" in errors, "reason": reason_in(request)}
    sent = {cell.lease: cell for cell in cells}
    held = held_sheet(user=request.user, queue=queue)
    return show_sheet(request, queue, held, status=422, sent=sent, errors=at, **more)


@require_POST
@member_page(LABEL)
def undo(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Take back the last sheet."""
    found = sheet_queue(request, project, queue)
    try:
        left = undo_sheet(user=request.user, queue=found)
    except Refused as refused:
        messages.error(request, str(refused.sentence))
    else:
        messages.info(request, _("Undone: change what you marked and send it again."))
        if left:
            words = ngettext("%(n)s could not be undone.", "%(n)s could not be undone.", left)
            messages.warning(request, words % {"n": left})
    return see_other(here("label-work", request, found))


@require_POST
@member_page(LABEL)
def renew(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """The open page says that it is still open."""
    until = renew_sheet(user=request.user, queue=sheet_queue(request, project, queue))
    if until is None:
        return JsonResponse({"held": False, "sentence": str(STALE)}, status=409)
    return JsonResponse({"held": True, "until": until})
