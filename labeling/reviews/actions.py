"""Judging answers: accept, return with a reason, or correct and accept."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.actions import accept, answers_to, check_fits, move, origin
from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.reviews.claiming import LOST, answer_in_review
from labeling.reviews.models import Review, ReviewLease
from labeling.reviews.reasons import reasons_of
from labeling.tasks.models import Lease, Task
from projects.schemas.answers import label_of
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

NOTE = 2000  # characters of what a reviewer says beside the reason


def check_not_the_author(task: Task, by: User) -> None:
    """Raises Refused where the person has answered the task, or has had it before them to answer."""
    own = answers_to(task).filter(author=by)
    if by.pk in task.people or own.exists():
        raise Refused(_("You have answered this task; somebody else judges the answer."), "own_answer", 403)


def check_return(queue: Queue, reason: str, note: str) -> None:
    """Raises Refused without a reason from the queue's list, or with too long a note."""
    if reason not in reasons_of(queue):
        raise Refused(_("Choose the reason why the answer goes back."), "reason_missing", 422)
    if len(note) > NOTE:
        raise Refused(_("A note has at most %(n)s characters.") % {"n": NOTE}, "note_too_long", 422)


def locked(lease: ReviewLease, token: int, by: User) -> tuple[Task, Annotation]:
    """The task and its answer in review, locked in the order that everybody keeps: the author's lease, then the task.

    Raises Refused (`lease_lost`) where it is no longer before this reviewer, or was judged or undone meanwhile.
    """
    organization = lease.organization
    before = answer_in_review(lease.task)
    if before is not None and before.lease_id is not None:
        list(organization.leases.select_for_update(no_key=True).filter(pk=before.lease_id))
    task = locked_task(lease, token, by)
    answer = answer_in_review(task)
    if task.state != Task.State.IN_REVIEW or answer is None or answer != before:
        raise Refused(LOST, "lease_lost")
    return task, answer


def locked_task(lease: ReviewLease, token: int, by: User) -> Task:
    """The task before a reviewer, locked. Raises Refused where it is before somebody else by now, or their own."""
    organization, queue = lease.organization, lease.task.queue
    task = organization.tasks.select_for_update(no_key=True).get(pk=lease.task_id)
    task.queue, task.organization, task.example = queue, organization, lease.task.example
    mine = organization.review_leases.filter(pk=lease.pk, task=task, reviewer=by, token=token)
    if not mine.exists():
        raise Refused(LOST, "lease_lost")
    check_not_the_author(task, by)
    return task


def judge(
    task: Task, answer: Annotation, verdict: str, by: User, *, reason: str = "", note: str = ""
) -> Review:
    """Write a verdict down; the task is before nobody any more."""
    task.organization.review_leases.filter(task=task).delete()
    return task.organization.reviews.create(
        annotation=answer, reviewer=by, verdict=verdict, reason=reason, note=note.strip()
    )


@transaction.atomic
def accept_answer(*, lease: ReviewLease, token: int, by: User) -> Review:
    """The answer counts. Raises Refused."""
    task, answer = locked(lease, token, by)
    review = judge(task, answer, Review.Verdict.ACCEPT, by)
    accept(annotation=answer, task=task, by=by)
    return review


@transaction.atomic
def return_answer(*, lease: ReviewLease, token: int, reason: str, note: str = "", by: User) -> Review:
    """The answer goes back to its author, who reads why; what they send next is looked at again. Raises Refused.

    Where it is a majority's answer somebody decides instead; where its author is gone somebody else is asked.
    """
    check_return(lease.task.queue, reason, note)
    task, answer = locked(lease, token, by)
    review = judge(task, answer, Review.Verdict.RETURN, by, reason=reason, note=note)
    task.organization.annotations.filter(pk=answer.pk).update(state=Annotation.State.RETURNED)
    if answer.lease_id is None:
        move(task, Task.State.COMPLETE)
    elif is_here(task, answer):
        move(task, Task.State.OPEN)
        give_back(review)
    else:
        move(task, Task.State.OPEN, open_slots=F("open_slots") + 1)
    record(
        "annotation.returned",
        organization=task.organization,
        subject=answer,
        by=by,
        task=task.pk,
        queue=task.queue_id,
        author=answer.author_id,
    )
    return review


def is_here(task: Task, answer: Annotation) -> bool:
    """Whether the author can still answer."""
    return task.organization.memberships.active().filter(user=answer.author_id).exists()


def give_back(review: Review, more: str = "") -> None:
    """Put an answer before its author again, with the reason. Its lease is locked."""
    words = "\n".join(filter(None, [review.reason, review.note, more]))
    leases = review.organization.leases.filter(pk=review.annotation.lease_id or 0)
    leases.update(state=Lease.State.RETURNED, note=words, ended_at=timezone.now(), draft=None)


@transaction.atomic
def correct_answer(
    *, lease: ReviewLease, token: int, answer: dict[str, Any], note: str = "", by: User
) -> Review:
    """The reviewer's own answer counts instead; its author is told. Raises Refused; Invalid where it does not fit."""
    queue = lease.task.queue
    check_fits(queue.schema, answer, lease.task.example)
    task, old = locked(lease, token, by)
    review = judge(task, old, Review.Verdict.CORRECT, by, note=note)
    task.organization.annotations.filter(pk=old.pk).update(state=Annotation.State.SUPERSEDED)
    review.correction = own_answer(task, answer, by)
    review.save(update_fields=["correction"])
    accept(annotation=review.correction, task=task, by=by)
    record(
        "annotation.corrected",
        organization=task.organization,
        subject=old,
        by=by,
        task=task.pk,
        queue=task.queue_id,
        author=old.author_id,
        correction=review.correction.pk,
    )
    return review


def own_answer(task: Task, answer: dict[str, Any], by: User) -> Annotation:
    """What somebody who judges a task answers themselves."""
    made: Annotation = task.organization.annotations.create(
        **origin(task),
        author=by,
        schema=task.queue.schema,
        answer=answer,
        label=label_of(task.queue.schema, answer),
        state=Annotation.State.SUBMITTED,
    )
    return made
