"""The reviewer's pages: what waits, and one answer at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import OuterRef
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.answers.beside_pages import show_beside
from labeling.answers.forms import answer_in
from labeling.answers.views import open_queue, wants_fragment, whole
from labeling.queues.models import Queue
from labeling.reviews import actions, claiming, deciding
from labeling.reviews.models import Review, ReviewLease
from labeling.reviews.pages import page_of
from labeling.reviews.showing import lines_of
from labeling.tasks.models import Task
from labeling.tasks.waiting import UP_TO, capped
from projects.streams.doors import see_other
from projects.streams.media import shows_media
from teams.access.problems import FieldError, Invalid
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

VERB = "projects.review_project"
MANAGE = "projects.manage_project"


@require_GET
@member_page(VERB)
def review_home(request: MemberRequest) -> HttpResponseBase:
    """Every queue in which something waits for this person's verdict or decision."""
    organization, user = request.organization, request.user
    open_to = organization.projects.open_to(user, VERB)
    queues = organization.queues.filter(project__in=open_to, holds_imports=False).select_related("project")
    waiting = claiming.to_judge(organization, user).filter(queue=OuterRef("pk"))
    counted = queues.annotate(
        verdicts=capped(waiting.filter(state=Task.State.IN_REVIEW)),
        decisions=capped(waiting.filter(state=Task.State.COMPLETE)),
    )
    rows = counted.order_by("project__name", "name", "pk")
    context = {
        "rows": [row for row in rows if row.verdicts or row.decisions],
        "contested": contested(request)[:UP_TO].count(),
        "may_decide": organization.projects.open_to(user, MANAGE).exists(),
    }
    return render(request, "labeling/reviews/home.html", context)


def contested(request: MemberRequest) -> Any:
    """Returns that their authors object to, in projects that this person runs, and that are none of their own."""
    organization, user = request.organization, request.user
    projects = organization.projects.open_to(user, MANAGE)
    open_ones = organization.reviews.filter(contest=Review.Contest.OPEN)
    open_ones = open_ones.filter(annotation__queue__project__in=projects)
    return open_ones.exclude(reviewer=user).exclude(annotation__author=user)


@require_GET
@shows_media
@member_page(VERB)
def review_work(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """The answer before the reviewer (`correct=1`: with a form to answer otherwise), or the way to take one."""
    found = open_queue(request, project, queue, VERB)
    lease = claiming.held(user=request.user, queue=found)
    return show(request, found, lease, is_correcting=request.GET.get("correct") == "1")


def show(
    request: MemberRequest, queue: Queue, lease: ReviewLease | None, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The whole page, or only what changes on it where a script asks (`X-Fragment: 1`)."""
    context: dict[str, Any] = {"queue": queue, "project": queue.project, "lease": lease, **more}
    if lease is not None:
        context |= page_of(request, queue, lease, more)
    elif "lost" not in more:
        free = claiming.free(request.organization, request.user).filter(queue=queue)
        context["waiting"] = free.order_by().values("pk")[:UP_TO].count()
    name = "judged" if wants_fragment(request) else "work"
    return render(request, f"labeling/reviews/{name}.html", context, status=status)


def onwards(request: MemberRequest, queue: Queue, said: str) -> HttpResponse:
    """On to what waits next, saying what became of the last."""
    lease = claiming.claim(user=request.user, queue=queue)
    if lease is not None and wants_fragment(request):
        return show(request, queue, lease, said=said)
    if said:
        messages.info(request, said)
    to = here("review-work", request, queue)
    return HttpResponse(status=204, headers={"X-Onwards": to}) if wants_fragment(request) else see_other(to)


def here(name: str, request: MemberRequest, queue: Queue) -> str:
    """An address of this queue."""
    return reverse(name, args=[request.organization.slug, queue.project.slug, queue.slug])


@require_POST
@shows_media
@member_page(VERB)
def review_take(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Take what waits next."""
    found = open_queue(request, project, queue, VERB)
    return onwards(request, found, "")


def own_lease(request: MemberRequest, queue: Queue) -> tuple[ReviewLease, int]:
    """What the form was about, as it was given to this reviewer; nothing is known of the lease where it is gone."""
    task, token = whole(request, "task", 10**18), whole(request, "token", 2**31)
    tasks = request.organization.tasks.filter(queue=queue).select_related("example__stream")
    row = get_object_or_404(tasks, pk=task)
    row.queue, row.organization, row.example.organization = queue, request.organization, request.organization
    leases = request.organization.review_leases.filter(task=row, reviewer=request.user)
    lease = leases.first() or ReviewLease(organization=request.organization, reviewer=request.user)
    lease.task, lease.organization = row, request.organization
    return lease, token


@require_POST
@shows_media
@member_page(VERB)
def review_judge(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """`verdict`: accept, return (with `reason`, `note`), correct (with an answer), or pick (`pick`: one of several)."""
    found = open_queue(request, project, queue, VERB)
    lease, token = own_lease(request, found)
    typed = {name: text_in(request, name) for name in ("reason", "note")}
    given = answer_in(request.POST, found.schema.questions)
    try:
        said = DEEDS.get(request.POST.get("verdict", ""), unknown)(request, lease, token, typed, given)
    except Refused as refused:
        return refusing(request, found, lease, refused, typed, given)
    except Invalid as wrong:
        errors = [FieldError(**row) for row in wrong.errors]
        more = {"errors": errors, "chosen": given, "is_correcting": True, **typed}
        return show(request, found, lease, status=422, **more)
    return onwards(request, found, said)


def text_in(request: MemberRequest, name: str) -> str:
    """A field of the form in one way of ending lines."""
    return request.POST.get(name, "").replace("\x00", "").replace("\r\n", "\n")


def refusing(
    request: MemberRequest,
    queue: Queue,
    lease: ReviewLease,
    refused: Refused,
    typed: dict[str, str],
    given: dict[str, Any],
) -> HttpResponse:
    """The answer again with the sentence, or, where it is not before this reviewer any more, what they had typed."""
    if refused.code in ("lease_lost", "own_answer"):
        lines = lines_of(queue.schema.questions, given) if request.POST["verdict"] == "correct" else []
        lost = {"sentence": refused.sentence, "lines": lines} | typed
        return show(request, queue, None, status=refused.status, lost=lost)
    return show(request, queue, lease, status=refused.status, refusal=refused.sentence, **typed)


def accept(request: MemberRequest, lease: ReviewLease, token: int, typed: Any, given: Any) -> str:
    """Accept."""
    actions.accept_answer(lease=lease, token=token, by=request.user)
    return _("Accepted.")


def give_back(request: MemberRequest, lease: ReviewLease, token: int, typed: Any, given: Any) -> str:
    """Return."""
    actions.return_answer(lease=lease, token=token, by=request.user, **typed)
    return _("Returned; it comes back to a reviewer when it is mended.")


def correct(request: MemberRequest, lease: ReviewLease, token: int, typed: Any, given: Any) -> str:
    """Another answer; where people did not agree it is a decision."""
    if lease.task.state == Task.State.COMPLETE:
        deciding.decide(lease=lease, token=token, answer=given, by=request.user)
        return _("Decided; your answer counts.")
    actions.correct_answer(lease=lease, token=token, answer=given, note=typed["note"], by=request.user)
    return _("Corrected and accepted; its author is told.")


def pick(request: MemberRequest, lease: ReviewLease, token: int, typed: Any, given: Any) -> str:
    """One of several answers."""
    deciding.decide(lease=lease, token=token, pick=whole(request, "pick", 10**18), by=request.user)
    return _("Decided.")


def unknown(request: MemberRequest, lease: ReviewLease, token: int, typed: Any, given: Any) -> str:
    """Whoever sends another verdict has not used our form."""
    raise Http404


DEEDS = {"accept": accept, "return": give_back, "correct": correct, "pick": pick}


@require_POST
@member_page(VERB)
def review_renew(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """The open page says that it is still open."""
    found = open_queue(request, project, queue, VERB)
    lease, token = own_lease(request, found)
    try:
        until = claiming.renew(lease=lease, token=token)
    except Refused as refused:
        return JsonResponse({"held": False, "sentence": str(refused.sentence)}, status=409)
    return JsonResponse({"held": True, "until": until})


@require_GET
@shows_media
@member_page(VERB)
def review_beside(request: MemberRequest, project: str, queue: str, task: int) -> HttpResponseBase:
    """The neighbours of what is before this reviewer, and examples of classes."""
    found = open_queue(request, project, queue, VERB)
    mine = request.organization.review_leases.filter(reviewer=request.user, task__queue=found)
    lease = get_object_or_404(mine.select_related("task__example"), task=min(task, 2**63 - 1))
    return show_beside(request, found, lease.task.example)
