"""Issues and questions on an example's page and beside its task: open, resolve, ask for a new label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.answers.views import LABEL, wants_fragment, whole
from labeling.queues.models import Queue
from labeling.reviews import issues
from labeling.reviews.models import Issue
from labeling.reviews.views import MANAGE, VERB, text_in
from projects.streams.doors import can, open_project, see_other
from projects.streams.media import shows_media
from projects.streams.models import Example, Project
from projects.streams.shown import shown
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

SHOWN = 50


def issues_panel(request: MemberRequest, project: Project, example: Example) -> dict[str, Any]:
    """A panel for `register_example_panel`: what was said about it, and the forms of those who may."""
    listed = listed_of(request, example)
    may_manage = can(request, MANAGE, project)
    context = {
        "example": example,
        "issues": listed,
        "is_blind": is_blind(request, example),
        "may_ask": can(request, LABEL, project),
        "may_point": can(request, VERB, project),
        "queues": list(queues_of(example)) if may_manage else [],
    }
    return {
        "title": _("Issues and questions"),
        "template": "labeling/reviews/issues.html",
        "context": context,
    }


def is_blind(request: MemberRequest, example: Example) -> bool:
    """Whether an answer to the example is before this reviewer, who is not to know whose it is."""
    before = request.organization.review_leases.filter(reviewer=request.user, task__example=example)
    return bool(before.filter(task__queue__review_blind=True).exists())


def listed_of(request: MemberRequest, example: Example) -> list[Issue]:
    """The newest issues of an example, each with the words or the spot that it points at."""
    rows = request.organization.issues.filter(example=example).select_related(
        "opened_by", "resolved_by", "task"
    )
    listed = list(rows.order_by("-pk")[:SHOWN])
    for issue in listed:
        issue.where = where(issue, example)  # type: ignore[attr-defined]
    return listed


def where(issue: Issue, example: Example) -> str:
    """What a pin says in words; empty where there is none."""
    pin = issue.pin or {}
    if "at" in pin:
        across, down = (round(share * 100) for share in pin["at"])
        return _("at %(across)s %% across, %(down)s %% down") % {"across": across, "down": down}
    return (example.text or "")[pin["start"] : pin["end"]] if "start" in pin else ""


def queues_of(example: Example) -> Any:
    """Where a new label can be asked for."""
    queues = example.stream.queues.filter(state=Queue.State.ACTIVE, holds_imports=False)
    return queues.order_by("-priority", "name", "pk")


def after(
    request: MemberRequest, project: str, example: int, deed: Callable[[], Any], said: str
) -> HttpResponse:
    """Do something and return to the example, or to what a script shows of it, saying what came of it."""
    try:
        deed()
    except Refused as refused:
        if wants_fragment(request):
            return again_beside(request, project, example, refused.status, refusal=str(refused.sentence))
        messages.error(request, str(refused.sentence))
    else:
        if wants_fragment(request):
            return again_beside(request, project, example, 200, told=said)
        messages.success(request, said)
    return see_other(reverse("example", args=[request.organization.slug, project, example]) + "#issues")


def again_beside(
    request: MemberRequest, project: str, example: int, status: int, **more: str
) -> HttpResponse:
    """What a script shows of the example, anew."""
    place = open_project(request, project, LABEL)
    return beside(request, place, example_at(request, place, example), status=status, **more)


@require_GET
@shows_media
@member_page(LABEL)
def panel(request: MemberRequest, project: str, example: int) -> HttpResponse:
    """What was said about an example, beside its task: pins on the picture, the list, and the forms."""
    place = open_project(request, project, LABEL)
    return beside(request, place, example_at(request, place, example))


def beside(
    request: MemberRequest, project: Project, example: Example, *, status: int = 200, **more: str
) -> HttpResponse:
    """The part of a page that its script puts into place; `told` or `refusal` is what came of a form."""
    said = issues_panel(request, project, example)["context"]
    context = {
        "project": project,
        "said": said,
        "media": shown(request.organization, example),
        "pins": pins_of(said["issues"]),
        **more,
    }
    return render(request, "labeling/reviews/issues_beside.html", context, status=status)


def pins_of(listed: Sequence[Issue]) -> list[dict[str, Any]]:
    """Where open issues point on the picture, in per cent of its size."""
    spots = ((issue, (issue.pin or {}).get("at")) for issue in listed if issue.state == Issue.State.OPEN)
    return [{"n": issue.pk, "x": f"{at[0]:.2%}", "y": f"{at[1]:.2%}"} for issue, at in spots if at]


def example_at(request: MemberRequest, project: Project, example: int) -> Example:
    """An example of a project, or 404."""
    rows = request.organization.examples.filter(stream__project=project).select_related("stream__project")
    row = get_object_or_404(rows, pk=min(example, 2**63 - 1))
    row.organization = request.organization
    return row


@require_POST
@shows_media
@member_page(LABEL)
def open_one(request: MemberRequest, project: str, example: int) -> HttpResponse:
    """Open an issue, or a question: `kind`, `body`, and where: `passage`, or `across` and `down`."""
    place = open_project(request, project, LABEL)
    row = example_at(request, place, example)
    points = request.POST.get("kind") == Issue.Kind.ISSUE and can(request, VERB, place)
    kind = Issue.Kind.ISSUE if points else Issue.Kind.QUESTION

    def deed() -> None:
        pin = issues.pin_of(row, *(text_in(request, name) for name in ("passage", "across", "down")))
        issues.open_issue(example=row, kind=kind, body=text_in(request, "body"), pin=pin, by=request.user)

    said = (
        _("Opened; whoever runs the project sees it here.")
        if points
        else _("Asked; the answer appears here.")
    )
    return after(request, project, row.pk, deed, said)


def issue_at(request: MemberRequest, project: str, pk: int, verb: str) -> Issue:
    """An issue of a project in which the person may do this."""
    place = open_project(request, project, verb)
    row = get_object_or_404(request.organization.issues.filter(project=place), pk=min(pk, 2**63 - 1))
    row.organization = request.organization
    return row


@require_POST
@shows_media
@member_page(LABEL)
def resolve_one(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Say what there is to say (`reply`), and close it."""
    issue = issue_at(request, project, pk, LABEL)
    reply = text_in(request, "reply")
    deed = lambda: issues.resolve(issue=issue, reply=reply, by=request.user)  # noqa: E731
    return after(request, project, issue.example_id, deed, _("Resolved."))


@require_POST
@shows_media
@member_page(MANAGE)
def again(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Ask for a new label in one of the stream's queues (`queue`)."""
    issue = issue_at(request, project, pk, MANAGE)
    queues = request.organization.queues.filter(project__slug=project, stream=issue.example.stream_id)
    queue = get_object_or_404(queues.filter(holds_imports=False), pk=whole(request, "queue", 10**18))
    deed = lambda: issues.ask_again(issue=issue, queue=queue, by=request.user)  # noqa: E731
    said = _("A new label is asked for; when it is accepted it mends this issue.")
    return after(request, project, issue.example_id, deed, said)
