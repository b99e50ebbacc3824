"""The neighbours of a task and examples of classes: fetched when they are opened, never before the task is there."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from labeling.answers.beside import neighbours, references
from labeling.answers.views import LABEL, open_queue, wants_fragment
from labeling.queues.models import Queue
from labeling.tasks.models import Lease
from projects.streams.media import shows_media
from projects.streams.models import Example
from teams.access.tenancy import MemberRequest, member_page


@require_GET
@shows_media
@member_page(LABEL)
def beside(request: MemberRequest, project: str, queue: str, task: int) -> HttpResponseBase:
    """Beside a task that the person holds."""
    found = open_queue(request, project, queue)
    mine = request.organization.leases.filter(user=request.user, queue=found, state=Lease.State.HELD)
    lease = get_object_or_404(mine.select_related("task__example"), task=min(task, 2**63 - 1))
    return show_beside(request, found, lease.task.example)


def show_beside(request: MemberRequest, queue: Queue, example: Example) -> HttpResponse:
    """The part of the page that a script puts into place, or, without one, a page of its own."""
    example.stream, example.organization = queue.stream, request.organization
    before, after = neighbours(example)
    title, examples = references(queue, example)
    context = {
        "queue": queue,
        "project": queue.project,
        "example": example,
        "before": before,
        "after": after,
        "title": title,
        "references": examples,
    }
    name = "beside" if wants_fragment(request) else "beside_page"
    return render(request, f"labeling/answers/{name}.html", context)
