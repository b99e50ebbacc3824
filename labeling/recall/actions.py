"""Recalling answers, taking that back, and going on where it stopped: each puts a long job down."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.recall.choosing import Choice, chosen, queues_of
from labeling.recall.models import Recall
from labeling.tasks.models import Lease
from projects.streams.models import Project
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused
from teams.work.jobs import enqueue

JOB = "recall.run"


def check_alone(project: Project, but: Recall | None = None) -> None:
    """Recalls of a project take turns. Raises Refused while one is under way."""
    going = project.recalls.filter(state__in=Recall.UNDER_WAY, organization=project.organization)
    if (going.exclude(pk=but.pk) if but else going).exists():
        raise Refused(_("A recall of this project is under way; wait until it is done."), "recall_going")


def check_recall(choice: Choice) -> None:
    """Raises Refused where a choice means nothing, or everything, or another recall is under way."""
    check_alone(choice.project)
    if choice.is_open:
        raise Refused(
            _("Choose a person, a time, a question or a version: this would be every answer."), status=422
        )
    if not chosen(choice).exists():
        raise Refused(_("No answer that counts is meant by this."), "nothing_to_recall", 422)


@transaction.atomic
def recall(*, choice: Choice, reason: str, by: User | None) -> Recall:
    """Void the answers that a choice means, up to this moment; soon, step by step. Raises Refused.

    Whoever is just submitting one of them is waited for; what comes after that is not meant.
    """
    check_recall(choice)
    wait_for_submits(choice)
    organization, now = choice.project.organization, timezone.now()
    try:
        with transaction.atomic():
            row = organization.recalls.create(
                project=choice.project,
                reason=reason,
                person=choice.person,
                queue=choice.queue,
                schema=choice.schema,
                question=choice.question,
                value=choice.value,
                since=choice.since,
                until=min(choice.until or now, now),
                made_by=by,
                made_at=now,
            )
    except IntegrityError as other:  # somebody was faster by a moment
        raise Refused(
            _("A recall of this project is under way; wait until it is done."), "recall_going"
        ) from other
    enqueue(JOB, organization=organization, recall_id=row.pk)
    record(
        "recall.started",
        organization=organization,
        subject=row,
        by=by,
        person=choice.person.pk if choice.person else None,
        queue=choice.queue.pk if choice.queue else None,
        schema=choice.schema.version if choice.schema else None,
        since=choice.since.isoformat() if choice.since else None,
        until=row.until.isoformat(),
    )
    return row


def wait_for_submits(choice: Choice) -> None:
    """An answer belongs to a lease, which its submit locks: when all are ours, nobody is in the middle of one."""
    held = choice.project.organization.leases.filter(state=Lease.State.HELD)
    held = (
        held.filter(queue=choice.queue) if choice.queue else held.filter(queue__in=queues_of(choice.project))
    )
    held = held.filter(user=choice.person) if choice.person else held
    list(held.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def check_undo(recall: Recall) -> None:
    """Raises Refused where a recall cannot be taken back."""
    if recall.state == Recall.State.UNDONE:
        raise Refused(_("It was taken back already."), "undone")
    if not recall.can_become(Recall.State.UNDOING):
        raise Refused(_("It is under way; wait until it is done."), "recall_going")
    check_alone(recall.project, recall)


@transaction.atomic
def undo(*, recall: Recall, by: User | None) -> None:
    """Put the answers back where nothing newer stands; soon, step by step. Raises Refused."""
    row = (
        recall.organization.recalls.select_for_update()
        .select_related("project__organization")
        .get(pk=recall.pk)
    )
    check_undo(row)
    row.organization.recalls.filter(pk=row.pk).update(
        state=Recall.State.UNDOING, undone_at=timezone.now(), undone_by=by
    )
    enqueue(JOB, organization=row.organization, recall_id=row.pk)
    record("recall.undoing", organization=row.organization, subject=row, by=by)


def check_resume(recall: Recall) -> None:
    """Raises Refused where nothing has stopped."""
    if recall.state != Recall.State.STUCK:
        raise Refused(_("It has not stopped."), "not_stuck")
    check_alone(recall.project, recall)


@transaction.atomic
def resume(*, recall: Recall, by: User | None) -> None:
    """Go on where it stopped. Raises Refused."""
    row = (
        recall.organization.recalls.select_for_update()
        .select_related("project__organization")
        .get(pk=recall.pk)
    )
    check_resume(row)
    state = Recall.State.UNDOING if row.undone_at else Recall.State.GOING
    row.organization.recalls.filter(pk=row.pk).update(state=state)
    enqueue(JOB, organization=row.organization, recall_id=row.pk)
    record("recall.resumed", organization=row.organization, subject=row, by=by)
