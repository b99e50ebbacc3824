"""Taking back the last answer: within two minutes, and only while nobody has acted on it."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.actions import answers_to, move
from labeling.answers.labels import labels_now
from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.tasks.claiming import give_back
from labeling.tasks.models import Lease, SelectedBy, Task
from projects.streams.summary import summarize
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

WITHIN = timedelta(minutes=2)
ACTED_ON = (Annotation.State.RETURNED, Annotation.State.GOLD, Annotation.State.RECALLED)


def last_answer(*, user: User, queue: Queue) -> Annotation | None:
    """What this person has answered last in this queue."""
    mine = queue.organization.annotations.filter(author=user, queue=queue, source=Annotation.Source.PERSON)
    return mine.exclude(lease=None).select_related("task").order_by("-pk").first()


def check_undo(*, annotation: Annotation | None, task: Task | None) -> None:
    """Raises Refused where an answer can no longer be taken back."""
    if annotation is None or task is None:
        raise Refused(_("There is no answer of yours here to undo."), "nothing_to_undo")
    if task.selected_by == SelectedBy.ASK:
        raise Refused(_("A pipeline has this answer already; it cannot be undone."), "asked")
    if timezone.now() - annotation.at > WITHIN:
        raise Refused(_("An answer can be undone for two minutes; this one is older."), "too_old")
    if annotation.state == Annotation.State.SUPERSEDED:
        raise Refused(_("This answer was undone already."), "undone")
    if is_acted_on(annotation, task):
        raise Refused(_("Somebody has acted on this answer already; it cannot be undone."), "acted_on")


def is_acted_on(annotation: Annotation, task: Task) -> bool:
    """Whether anything but the answer itself has made it what it is: a reviewer, a later answer, a majority."""
    if annotation.accepted_by_id is not None or annotation.state in ACTED_ON:
        return True
    later = answers_to(task).filter(pk__gt=annotation.pk).exclude(state=Annotation.State.SUPERSEDED)
    return task.state == Task.State.COMPLETE or later.exists() or annotation.reviews.exists()


@transaction.atomic
def undo(*, user: User, queue: Queue) -> Lease:
    """Take back the person's last answer in a queue: they hold its task again, with what they said as a draft.

    The task that they hold meanwhile comes next. Raises Refused where there is nothing that can be undone.
    """
    organization, now = queue.organization, timezone.now()
    last = last_answer(user=user, queue=queue)
    check_undo(annotation=last, task=last.task if last else None)
    assert last is not None
    assert last.lease_id is not None
    step_aside(user=user, queue=queue)  # before anything else is locked, so that nobody waits in a circle
    leases = organization.leases.select_for_update(of=("self", "task"), no_key=True)
    lease = leases.select_related("task").get(pk=last.lease_id)
    task, last = lease.task, organization.annotations.get(pk=last.pk)
    task.queue, task.organization = queue, organization
    check_undo(annotation=last, task=task)
    counted = last.state == Annotation.State.ACCEPTED and queue.counts
    organization.annotations.filter(pk=last.pk).update(state=Annotation.State.SUPERSEDED)
    if task.state != Task.State.OPEN:
        move(task, Task.State.OPEN)
    if counted:
        summarize(organization=organization, labels=labels_now(organization, [last.example_id]))
    organization.leases.filter(pk=lease.pk).update(
        state=Lease.State.HELD,
        token=F("token") + 1,
        ended_at=None,
        claimed_at=now,
        expires_at=now + timedelta(seconds=queue.lease_s),
        draft=last.answer,
        cell=0,
    )
    record("annotation.undone", organization=organization, subject=last, by=user, task=task.pk)
    return organization.leases.select_related("task__example__stream").get(pk=lease.pk)


def step_aside(*, user: User, queue: Queue) -> None:
    """What the person holds now comes next; what their page fetched ahead of that returns to the line."""
    mine = queue.organization.leases.filter(user=user, queue=queue, state=Lease.State.HELD)
    for ahead in mine.filter(prefetched=True):
        give_back(lease=ahead, token=ahead.token)
    mine.filter(prefetched=False).update(prefetched=True)
