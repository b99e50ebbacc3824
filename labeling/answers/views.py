"""The labeler's pages: what waits, and one task at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.answers.actions import feedback_on, submit
from labeling.answers.asking import page_of_task, shown_answer
from labeling.answers.drafts import keep_draft
from labeling.answers.forms import answer_in
from labeling.answers.models import Annotation
from labeling.queues.finding import queue_at
from labeling.queues.models import Queue
from labeling.tasks import claiming
from labeling.tasks.hindrances import why_not
from labeling.tasks.models import Lease
from labeling.tasks.waiting import with_waiting
from projects.schemas import searching
from projects.streams.doors import see_other
from projects.streams.media import shows_media
from teams.access.problems import FieldError, Invalid
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

LABEL = "projects.label_project"


def open_queue(request: MemberRequest, project: str, queue: str, verb: str = LABEL) -> Queue:
    """The queue at this address, if its project is open to the person for this."""
    found = queue_at(request.organization, project, queue)
    if found is None or not request.user.has_perm(verb, found.project):
        raise Http404
    request.project = found.project  # type: ignore[attr-defined]
    return found


@require_GET
@member_page(LABEL)
def label_home(request: MemberRequest) -> HttpResponseBase:
    """Every queue that the person may work in: what waits, what they hold, what they did today."""
    organization, user = request.organization, request.user
    projects = organization.projects.open_to(user, LABEL)
    queues = organization.queues.filter(project__in=projects, state=Queue.State.ACTIVE)
    listed = with_waiting(queues, organization, user).select_related("project")
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    context = {
        "queues": list(listed.order_by("-priority", "project__name", "name")),
        "holding": holding(request),
        "today": organization.annotations.filter(author=user, at__gte=today).count(),
        "returned": organization.leases.filter(user=user, state=Lease.State.RETURNED).count(),
    }
    return render(request, "labeling/answers/home.html", context)


def holding(request: MemberRequest) -> Lease | None:
    """The task that the person has open somewhere."""
    return (
        request.organization.leases.filter(user=request.user, state=Lease.State.HELD)
        .select_related("task__queue__project")
        .order_by("-claimed_at")
        .first()
    )


def show(
    request: MemberRequest,
    queue: Queue,
    lease: Lease | None,
    *,
    status: int = 200,
    chosen: dict[str, Any] | None = None,
    errors: Sequence[FieldError] = (),
    **more: Any,
) -> HttpResponse:
    """The whole page, or only what changes on it where a script asks (`X-Fragment: 1`)."""
    context: dict[str, Any] = {"queue": queue, "project": queue.project, "lease": lease, **more}
    if lease is not None:
        context |= page_of_task(request, queue, lease, chosen, errors)
    elif "lost" not in context:
        queues = request.organization.queues.filter(pk=queue.pk)
        context["counted"] = with_waiting(queues, request.organization, request.user).get()
        context["hindrance"] = why_not(user=request.user, queue=queue)
    name = "task" if wants_fragment(request) else "work"
    return render(request, f"labeling/answers/{name}.html", context, status=status)


def wants_fragment(request: MemberRequest) -> bool:
    """Whether the page itself asks, by its script."""
    return request.headers.get("X-Fragment") == "1"


def onwards(request: MemberRequest, queue: Queue, lease: Lease | None, said: str = "") -> HttpResponse:
    """On to the next task, or to the page that says there is none."""
    if wants_fragment(request) and lease is not None:
        return show(request, queue, lease, said=said)
    if said:
        messages.info(request, said)
    to = here("label-work", request, queue)
    return HttpResponse(status=204, headers={"X-Onwards": to}) if wants_fragment(request) else see_other(to)


def here(name: str, request: MemberRequest, queue: Queue) -> str:
    """An address of this queue."""
    return reverse(name, args=[request.organization.slug, queue.project.slug, queue.slug])


@require_POST
@member_page(LABEL)
def take(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Claim the next task."""
    found = open_queue(request, project, queue)
    lease = claiming.claim(user=request.user, queue=found)
    said = "" if lease else why_not(user=request.user, queue=found) or _("Nothing is waiting for you here.")
    return onwards(request, found, lease, said)


def own_lease(request: MemberRequest, queue: Queue) -> tuple[Lease, int]:
    """The lease and token that a form came with, if they are this person's in this queue."""
    named, token = named_lease(request, queue)
    leases = request.organization.leases.filter(user=request.user, queue=queue)
    lease = get_object_or_404(leases.select_related("task__example"), pk=named.pk)
    lease.organization = lease.task.organization = request.organization
    lease.queue = lease.task.queue = queue
    lease.task.example.stream = queue.stream
    return lease, token


def named_lease(request: MemberRequest, queue: Queue) -> tuple[Lease, int]:
    """The lease and token that a form came with, unread: whoever locks them finds out whose they are."""
    lease, token = whole(request, "lease", 10**18), whole(request, "token", 2**31)
    return Lease(pk=lease, organization=request.organization, user=request.user, queue=queue), token


def whole(request: MemberRequest, name: str, below: int) -> int:
    """A hidden field of ours; whoever sends something else has not used our form."""
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < below):
        raise Http404
    return int(text)


@require_POST
@shows_media
@member_page(LABEL)
def answer(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Submit the answer and take the next task, in one round trip."""
    found = open_queue(request, project, queue)
    lease, token = named_lease(request, found)
    given = answer_in(request.POST, found.schema.questions)
    try:
        kept = submit(
            lease=lease,
            token=token,
            answer=given,
            active_s=active_seconds(request),
            reason=reason_in(request),
            by=request.user,
        )
    except Lease.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        lost = {"sentence": refused.sentence, "answer": shown_answer(found, given)}
        return show(request, found, None, status=409, lost=lost)
    except Invalid as wrong:
        errors = [FieldError(**row) for row in wrong.errors]
        lease, token = own_lease(request, found)
        odd = [row.detail for row in errors if row.pointer in ("", "/reason")]
        asks = any(row.pointer == "/reason" for row in errors)
        more = {"odd": odd, "wants_reason": asks, "reason": reason_in(request)}
        return show(request, found, lease, status=422, errors=errors, chosen=given, **more)
    is_late = kept.state == Annotation.State.LATE
    said = _("The pipeline could not wait any longer; your answer is kept apart as late.") if is_late else ""
    said = said or feedback_on(kept)
    following = claiming.claim(user=request.user, queue=found)
    return onwards(
        request, found, following, said or ("" if following else _("Done: nothing else waits here."))
    )


def reason_in(request: MemberRequest) -> str:
    """Why an odd answer is right, as the person says; what the database cannot hold is left out."""
    return request.POST.get("reason", "").replace("\x00", "")


def active_seconds(request: MemberRequest) -> float | None:
    """How long the page was in front of the person, as its script says; None without the script."""
    try:
        seconds = float(request.POST.get("active_s", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 86_400 else None


@require_POST
@member_page(LABEL)
def renew(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """The open page says that it is still open."""
    found = open_queue(request, project, queue)
    lease, token = own_lease(request, found)
    try:
        until = claiming.renew(lease=lease, token=token)
    except Refused as refused:
        return JsonResponse({"held": False, "sentence": str(refused.sentence)}, status=409)
    return JsonResponse({"held": True, "until": until})


@require_POST
@member_page(LABEL)
def draft(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """Keep what the person has begun; the page sends it now and then, and when it goes away."""
    found = open_queue(request, project, queue)
    lease, token = own_lease(request, found)
    answer = answer_in(request.POST, found.schema.questions)
    return JsonResponse({"kept": keep_draft(lease=lease, token=token, answer=answer)})


@require_GET
@member_page(LABEL)
def options(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """Options of a question that has too many for the page: `q` is what is typed, `below` where to look instead."""
    found = open_queue(request, project, queue)
    name = request.GET.get("question", "")
    question = next((row for row in found.schema.questions if row["name"] == name), None)
    if question is None or "options" not in question:
        raise Http404
    typed = request.GET.get("q", "").strip()
    if typed:
        listed, count = searching.find(question["options"], typed)
    else:
        listed, count = searching.below(question["options"], request.GET.get("below") or None)
    return JsonResponse({"options": [asdict(row) for row in listed], "count": count})
