"""What somebody decides: what a task comes to whose people did not agree, and whether a contested return stands."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.actions import accept, answers_to, check_fits, move, origin
from labeling.answers.models import Annotation
from labeling.reviews.actions import NOTE, give_back, locked_task, own_answer
from labeling.reviews.claiming import LOST
from labeling.reviews.models import Review, ReviewLease
from labeling.tasks.claiming import STALE
from labeling.tasks.models import Lease, Task
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


@transaction.atomic
def decide(
    *,
    lease: ReviewLease,
    token: int,
    pick: int | None = None,
    answer: dict[str, Any] | None = None,
    by: User,
) -> Annotation:
    """What a task comes to: one of its answers (`pick` is its id), or another `answer`. Raises Refused and Invalid."""
    if pick is None:
        check_fits(lease.task.queue.schema, answer, lease.task.example)
    task = locked_task(lease, token, by)
    if task.state != Task.State.COMPLETE:
        raise Refused(LOST, "lease_lost")
    chosen = own_answer(task, answer or {}, by) if pick is None else picked(task, pick)
    task.organization.review_leases.filter(task=task).delete()
    accept(annotation=chosen, task=task, by=by)
    record(
        "task.decided",
        organization=task.organization,
        subject=task,
        by=by,
        queue=task.queue_id,
        picked=pick,
        answer=chosen.pk,
    )
    return chosen


def picked(task: Task, pick: int) -> Annotation:
    """One of a task's answers as the one that all of them come to; what each person said stays as it is."""
    model = answers_to(task).filter(pk=pick, state__in=[Annotation.State.SUBMITTED]).first()
    if model is None:
        raise Refused(_("Choose one of the answers, or give another."), "nothing_picked", 422)
    made: Annotation = task.organization.annotations.create(
        **origin(task),
        schema_id=model.schema_id,
        answer=model.answer,
        label=model.label,
        source=Annotation.Source.CONSOLIDATED,
        state=Annotation.State.SUBMITTED,
    )
    return made


def returned_to(lease: Lease) -> Review | None:
    """The return that put a task before its author again."""
    given = lease.organization.reviews.filter(
        annotation__lease=lease, annotation__example=lease.task.example_id
    )
    last = given.filter(verdict=Review.Verdict.RETURN).select_related("annotation").order_by("-pk").first()
    return last if last is not None and last.annotation.state == Annotation.State.RETURNED else None


def check_contest(*, review: Review | None, objection: str = "x") -> None:
    """Raises Refused where there is no return to object to, it was decided before, or nothing is said."""
    if review is None:
        raise Refused(_("There is no return here to object to."), "not_returned")
    if review.contest != Review.Contest.NONE:
        raise Refused(_("This return was contested before, and the decision stands."), "contested")
    if not objection.strip() or len(objection) > NOTE:
        raise Refused(
            _("Say in at most %(n)s characters why your answer is right.") % {"n": NOTE},
            "objection_missing",
            422,
        )


@transaction.atomic
def contest(*, lease: Lease, token: int, objection: str, by: User) -> Review:
    """The author says that a returned answer is right; a manager decides, and the task is out of the author's way."""
    organization = lease.organization
    mine = organization.leases.select_for_update(of=("self", "task"), no_key=True).select_related("task")
    held = mine.get(pk=lease.pk, user=by)
    if held.state != Lease.State.HELD or held.token != token:
        raise Refused(STALE, "lease_lost")
    review = returned_to(lease)
    check_contest(review=review, objection=objection)
    assert review is not None
    task, now = held.task, timezone.now()
    task.organization = organization
    organization.reviews.filter(pk=review.pk).update(
        contest=Review.Contest.OPEN, objection=objection.strip(), contested_at=now
    )
    organization.leases.filter(pk=lease.pk).update(
        state=Lease.State.ANSWERED, ended_at=now, draft=None, note="", prefetched=False
    )
    move(task, Task.State.IN_REVIEW)
    record(
        "review.contested",
        organization=organization,
        subject=review,
        by=by,
        task=task.pk,
        queue=task.queue_id,
    )
    return review


def check_decides(review: Review, by: User) -> None:
    """Raises Refused for those whom the contest is about, and where it is decided."""
    if by.pk in (review.reviewer_id, review.annotation.author_id):
        raise Refused(_("Somebody else decides: this is between you and another person."), "own_contest", 403)
    if review.contest != Review.Contest.OPEN:
        raise Refused(_("Somebody has decided this meanwhile."), "decided")
    if review.annotation.state != Annotation.State.RETURNED:
        raise Refused(_("The answer was recalled meanwhile; there is nothing to decide."), "recalled")


@transaction.atomic
def settle_contest(*, review: Review, is_right: bool, note: str = "", by: User) -> None:
    """Whether the answer was right: then it counts, else it is before its author again, with the `note`."""
    organization = review.organization
    list(organization.leases.select_for_update(no_key=True).filter(pk=review.annotation.lease_id or 0))
    task = organization.tasks.select_for_update(no_key=True).get(pk=review.annotation.task_id)
    task.organization = organization
    review = organization.reviews.select_related("annotation").get(pk=review.pk)
    review.organization = organization
    check_decides(review, by)
    outcome = Review.Contest.OVERTURNED if is_right else Review.Contest.UPHELD
    organization.reviews.filter(pk=review.pk).update(
        contest=outcome, decided_at=timezone.now(), decided_by=by
    )
    if is_right:
        accept(annotation=review.annotation, task=task, by=by)
    else:
        move(task, Task.State.OPEN)
        give_back(review, note.strip()[:NOTE])
    record(
        "review.decided",
        organization=organization,
        subject=review,
        by=by,
        task=task.pk,
        queue=task.queue_id,
        is_right=is_right,
        author=review.annotation.author_id,
    )
