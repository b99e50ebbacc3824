"""What a task page does beside answering: skip, flag, undo, fetch the next one ahead and give it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from labeling.answers.asking import page_of_task
from labeling.answers.undoing import undo as take_back
from labeling.answers.views import LABEL, here, onwards, open_queue, own_lease, show, wants_fragment
from labeling.queues.models import Queue
from labeling.tasks import claiming, letting_go
from labeling.tasks.models import Lease
from projects.streams.doors import see_other
from projects.streams.media import shows_media
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

SKIPPED = {
    Queue.Skipping.OTHERS: gettext_lazy("Skipped; somebody else gets it."),
    Queue.Skipping.LATER: gettext_lazy("Put off; you get it again later."),
    Queue.Skipping.DROP: gettext_lazy("Dropped; nobody is asked about it any more."),
}


def said(request: MemberRequest) -> str:
    """The reason that came with a form."""
    return request.POST.get("said", "").replace("\x00", "")


def next_one(request: MemberRequest, queue: Queue, words: str) -> HttpResponse:
    """On to the next task, saying what became of the last."""
    return onwards(request, queue, claiming.claim(user=request.user, queue=queue), words)


def refusing(request: MemberRequest, queue: Queue, lease: Lease, refused: Refused) -> HttpResponse:
    """The task again with the sentence, or, where it is lost, that alone."""
    if refused.code == "lease_lost":
        return show(request, queue, None, status=409, lost={"sentence": refused.sentence, "answer": {}})
    return show(request, queue, lease, status=refused.status, refusal=refused.sentence)


@require_POST
@shows_media
@member_page(LABEL)
def skip(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Let go of the task as the queue has it, and take the next. `said` is the reason, where it wants one."""
    found = open_queue(request, project, queue)
    lease, token = own_lease(request, found)
    try:
        way = letting_go.skip(lease=lease, token=token, said=said(request), by=request.user)
    except Refused as refused:
        return refusing(request, found, lease, refused)
    return next_one(request, found, str(SKIPPED[Queue.Skipping(way)]))


@require_POST
@shows_media
@member_page(LABEL)
def flag(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """A manager must look at this task (`said`: at what); take the next."""
    found = open_queue(request, project, queue)
    lease, token = own_lease(request, found)
    try:
        letting_go.flag(lease=lease, token=token, said=said(request), by=request.user)
    except Refused as refused:
        return refusing(request, found, lease, refused)
    return next_one(request, found, _("Flagged; a manager will look at it."))


@require_POST
@shows_media
@member_page(LABEL)
def undo(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Take back the last answer: its task is in front again, answered as it was."""
    found = open_queue(request, project, queue)
    try:
        lease = take_back(user=request.user, queue=found)
    except Refused as refused:
        if wants_fragment(request):
            return JsonResponse({"undone": False, "sentence": str(refused.sentence)}, status=refused.status)
        messages.error(request, str(refused.sentence))
        return see_other(here("label-work", request, found))
    return onwards(request, found, lease, _("Undone: change your answer and send it again."))


@require_POST
@shows_media
@member_page(LABEL)
def prefetch(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """The task after this one, as the page will show it; 204 where there is none. Held for two minutes at a time."""
    found = open_queue(request, project, queue)
    lease = claiming.claim(user=request.user, queue=found, ahead=True)
    if lease is None:
        return HttpResponse(status=204)
    context = {"queue": found, "project": found.project, "lease": lease, "is_prefetched": True}
    context |= page_of_task(request, found, lease)
    return render(request, "labeling/answers/task.html", context)


@require_POST
@member_page(LABEL)
def give_back(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """The page goes, and with it the task that it had fetched ahead."""
    found = open_queue(request, project, queue)
    lease, token = own_lease(request, found)
    return JsonResponse({"given_back": claiming.give_back(lease=lease, token=token)})
