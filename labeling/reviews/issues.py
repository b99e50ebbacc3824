"""Issues and questions about an example, pinned to a spot; an issue may ask for a new label, whose answer mends it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.actions import answers_to
from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.reviews.models import Issue
from labeling.tasks.actions import due_of
from labeling.tasks.models import SelectedBy, Task
from projects.streams.models import Example
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

BODY = 2000  # characters
AT_ONCE = 100


def pin_of(example: Example, passage: str, across: str, down: str) -> dict[str, Any] | None:
    """Where an issue points: a passage of the example's text, a point on its picture, or nowhere (None).

    `across` and `down` are per cent of the picture's size from its upper left corner. Raises Refused.
    """
    if passage:
        start = (example.text or "").find(passage)
        if start < 0:
            raise Refused(
                _("The example does not say this; copy the passage from its text."), "no_passage", 422
            )
        return {"start": start, "end": start + len(passage)}
    if not across and not down:
        return None
    try:
        spot = [float(across) / 100, float(down) / 100]
    except ValueError:
        spot = [-1.0]
    if not all(0 <= share <= 1 for share in spot):
        raise Refused(_("A spot on the picture is two numbers from 0 to 100."), "no_spot", 422)
    return {"at": spot}


def check_body(body: str) -> None:
    """Raises Refused where nothing is said, or too much."""
    if not body.strip() or len(body) > BODY:
        raise Refused(
            _("Say in at most %(n)s characters what it is about.") % {"n": BODY}, "nothing_said", 422
        )


@transaction.atomic
def open_issue(
    *, example: Example, kind: str, body: str, pin: dict[str, Any] | None = None, by: User
) -> Issue:
    """Say that something is wrong with an example or its label, or ask about it. Raises Refused."""
    check_body(body)
    issue: Issue = example.organization.issues.create(
        project=example.stream.project, example=example, kind=kind, body=body.strip(), pin=pin, opened_by=by
    )
    record(
        "issue.opened",
        organization=example.organization,
        subject=issue,
        by=by,
        about=kind,
        example=example.pk,
    )
    return issue


@transaction.atomic
def resolve(*, issue: Issue, reply: str, by: User) -> None:
    """Close an issue or a question with what there is to say. Raises Refused."""
    check_body(reply)
    still = issue.organization.issues.filter(pk=issue.pk, state=Issue.State.OPEN)
    if not still.update(
        state=Issue.State.RESOLVED, reply=reply.strip(), resolved_at=timezone.now(), resolved_by=by
    ):
        raise Refused(_("Somebody has resolved it meanwhile."), "resolved")
    record("issue.resolved", organization=issue.organization, subject=issue, by=by, example=issue.example_id)


def check_again(issue: Issue) -> None:
    """Raises Refused where nobody can be asked anew because of this issue."""
    if issue.state != Issue.State.OPEN:
        raise Refused(_("It is resolved already."), "resolved")
    if issue.task_id is not None:
        raise Refused(_("A new label is asked for already."), "asked")


@transaction.atomic
def ask_again(*, issue: Issue, queue: Queue, by: User) -> Task:
    """Ask for a new label in a queue: a new round of the example's task there, or the one that is still open.

    What is accepted then mends the issue. Raises Refused.
    """
    organization = issue.organization
    issue = organization.issues.select_for_update().select_related("example").get(pk=issue.pk)
    check_again(issue)
    rounds = organization.tasks.filter(queue=queue, example=issue.example).select_for_update(no_key=True)
    last = rounds.order_by("-round").first()
    task = last if last is not None and last.state in GOING_ON else next_round(queue, issue.example, last, by)
    organization.issues.filter(pk=issue.pk).update(task=task)
    record(
        "issue.asked_again",
        organization=organization,
        subject=issue,
        by=by,
        task=task.pk,
        queue=queue.pk,
        round=task.round,
    )
    return task


GOING_ON = (Task.State.OPEN, Task.State.COMPLETE, Task.State.IN_REVIEW)


def next_round(queue: Queue, example: Example, last: Task | None, by: User) -> Task:
    """A task whose people may be the same as before: what they said then is not asked about any more."""
    made: Task = queue.organization.tasks.create(
        queue=queue,
        example=example,
        round=last.round + 1 if last is not None else 1,
        priority=queue.priority,
        due_at=due_of(queue, timezone.now()),
        open_slots=queue.overlap,
        selected_by=SelectedBy.MANUAL,
    )
    record(
        "tasks.opened",
        organization=queue.organization,
        subject=queue,
        by=by,
        count=1,
        selected_by=SelectedBy.MANUAL,
    )
    return made


@transaction.atomic
def mend(at: datetime) -> int:
    """Resolve the issues whose new label has been accepted, and name that; how many. Accepting is not made to wait."""
    waiting = Issue.objects.filter(state=Issue.State.OPEN, task__state=Task.State.ACCEPTED)
    found = waiting.select_for_update(of=("self",), skip_locked=True).select_related("organization", "task")
    mended = list(found.order_by("pk")[:AT_ONCE])
    for issue in mended:
        assert issue.task is not None
        accepted = answers_to(issue.task).get(state=Annotation.State.ACCEPTED)
        issue.organization.issues.filter(pk=issue.pk).update(
            state=Issue.State.RESOLVED, mended_by=accepted, resolved_at=at, resolved_by=accepted.accepted_by
        )
        record(
            "issue.mended",
            organization=issue.organization,
            subject=issue,
            by=accepted.accepted_by,
            example=issue.example_id,
            annotation=accepted.pk,
        )
    return len(mended)
