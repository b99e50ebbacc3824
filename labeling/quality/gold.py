"""Tasks whose answer is known: made by a manager, mixed among the others, and what people's answers to them say."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.actions import MEASURES
from labeling.answers.models import Annotation
from labeling.quality.agreement.measuring import alike
from labeling.quality.models import Gold, GoldAnswer
from labeling.quality.standing import follow_score
from labeling.queues.actions import check_for_people
from labeling.queues.models import Queue
from labeling.tasks.claiming import AHEAD_FOR, OFFERS
from labeling.tasks.hindrances import hindrance
from labeling.tasks.models import Lease, SelectedBy, Task
from labeling.tasks.sheets import OFFERS as SHEET_OFFERS
from projects.schemas.answers import check_answer, label_of
from projects.streams.models import Example
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

ROUND = 0  # the work on an example begins with 1
BUSY = (Lease.State.HELD, Lease.State.RETURNED)
RIGHT = 1 - 1e-9
lot = random.SystemRandom()  # nobody can tell which task is next


@transaction.atomic
def make_gold(
    *,
    queue: Queue,
    example: Example,
    answer: dict[str, Any],
    note: str = "",
    made_from: Annotation | None = None,
    by: User,
) -> Gold:
    """A task whose answer is known. Raises Invalid where the answer does not fit, Refused where there is one."""
    check_for_people(queue)
    errors = check_answer(queue.schema, answer)
    if errors:
        raise Invalid([FieldError(f"/answer{row.pointer}", row.code, row.detail) for row in errors])
    if example.stream_id != queue.stream_id:
        raise Refused(_("This example is of another stream than the queue's."), "other_stream", 422)
    organization = queue.organization
    task, is_new = organization.tasks.get_or_create(
        queue=queue,
        example=example,
        round=ROUND,
        defaults={"state": Task.State.GOLD, "open_slots": 0, "selected_by": SelectedBy.GOLD},
    )
    if not is_new:
        raise Refused(_("The answer of this example is known here already."), "is_gold")
    gold = organization.golds.create(
        queue=queue, example=example, task=task, answer=answer, note=note, made_from=made_from, made_by=by
    )
    record("gold.made", organization=organization, subject=gold, by=by, queue=queue.pk, example=example.pk)
    return gold


def gold_from(*, annotation: Annotation, queue: Queue, note: str = "", by: User) -> Gold:
    """The same from an answer that was accepted in this queue."""
    if annotation.state != Annotation.State.ACCEPTED:
        raise Refused(_("Only an accepted answer can be a known one."), "not_accepted")
    return make_gold(
        queue=queue,
        example=annotation.example,
        answer=annotation.answer,
        note=note,
        made_from=annotation,
        by=by,
    )


@transaction.atomic
def draw_golds(*, queue: Queue, count: int, by: User) -> int:
    """Make known ones of accepted answers of the queue, by lot; how many there were. Those that are known stay."""
    organization = queue.organization
    known = organization.golds.filter(queue=queue, example=OuterRef("example"))
    accepted = organization.annotations.filter(
        queue=queue, state=Annotation.State.ACCEPTED, schema=queue.schema_id
    )
    chosen = accepted.filter(~Exists(known)).select_related("example").order_by("?")[:count]
    return len([gold_from(annotation=row, queue=queue, by=by) for row in chosen])


@transaction.atomic
def retire(*, gold: Gold, by: User | None) -> None:
    """Show it to nobody any more; what it said of people stays. Whoever holds it may finish."""
    organization, now = gold.organization, timezone.now()
    if organization.golds.filter(pk=gold.pk, retired_at=None).update(retired_at=now):
        organization.tasks.filter(pk=gold.task_id, state=Task.State.GOLD).update(
            state=Task.State.ARCHIVED, ended_at=now
        )
        record("gold.retired", organization=organization, subject=gold, by=by, queue=gold.queue_id)


def bring_back(*, gold: Gold, by: User | None) -> None:
    """Use one again that went out of use because the answer that it was made from did."""
    organization = gold.organization
    if organization.golds.filter(pk=gold.pk, retired_at__isnull=False).update(retired_at=None):
        organization.tasks.filter(pk=gold.task_id, state=Task.State.ARCHIVED).update(
            state=Task.State.GOLD, ended_at=None
        )
        record("gold.brought_back", organization=organization, subject=gold, by=by, queue=gold.queue_id)


def offer(user: User, queue: Queue, ahead: bool = False) -> None:
    """Now and then the next task is one whose answer is known: the person holds it, and claiming finds what they hold.

    Never one whose example they have answered or held before, and none to whoever holds something or got it back.
    A page that fetches `ahead` gets it so too: nothing tells it from the others.
    """
    if (
        not queue.gold_percent
        or queue.state != Queue.State.ACTIVE
        or lot.random() * 100 >= queue.gold_percent
    ):
        return
    organization, now = queue.organization, timezone.now()
    holding = organization.leases.filter(user=user, queue=queue, state__in=BUSY)
    if (holding.filter(prefetched=True) if ahead else holding).exists() or hindrance(user=user, queue=queue):
        return
    task = unseen(user, queue).order_by("?").first()
    if task is not None:
        lease = Lease(
            organization=organization,
            task=task,
            queue=queue,
            round=ROUND,
            user=user,
            prefetched=ahead,
            claimed_at=now,
            expires_at=now + (AHEAD_FOR if ahead else timedelta(seconds=queue.lease_s)),
        )
        Lease.objects.bulk_create(
            [lease], ignore_conflicts=True
        )  # two windows at once: one of them is enough


OFFERS.append(offer)


def offer_cells(user: User, queue: Queue, cells: list[int]) -> None:
    """The same for the free cells of a sheet, each by its own lot; only examples of which the model says something."""
    drawn = [cell for cell in cells if lot.random() * 100 < queue.gold_percent]
    if not drawn or queue.state != Queue.State.ACTIVE or hindrance(user=user, queue=queue):
        return
    organization, now = queue.organization, timezone.now()
    tasks = unseen(user, queue).filter(example__predicted__isnull=False).order_by("?")[: len(drawn)]
    until = now + timedelta(seconds=queue.lease_s)
    leases = [
        Lease(
            organization=organization,
            task=task,
            queue=queue,
            round=ROUND,
            user=user,
            cell=cell,
            claimed_at=now,
            expires_at=until,
        )
        for task, cell in zip(tasks, drawn, strict=False)
    ]
    Lease.objects.bulk_create(leases, ignore_conflicts=True)


SHEET_OFFERS.append(offer_cells)


def unseen(user: User, queue: Queue) -> Any:
    """The tasks with a known answer whose example this person has not met here."""
    organization = queue.organization
    met = organization.leases.filter(user=user, task__example=OuterRef("example"), queue=queue)
    said = organization.annotations.filter(example=OuterRef("example"), author=user)
    tasks = organization.tasks.filter(queue=queue, state=Task.State.GOLD)
    return tasks.filter(~Exists(met), ~Exists(said))


def measure(task: Task, annotation: Annotation) -> None:
    """Score an answer to a known one, and let the person's standing follow."""
    gold = task.organization.golds.get(task=task)
    scores = (
        scores_of(task.queue.schema.questions, gold.answer, annotation.answer)
        if annotation.answer
        else of_a_mark(task, gold, annotation)
    )
    row = task.organization.gold_answers.create(
        gold=gold,
        queue=task.queue,
        user_id=annotation.author_id or 0,
        annotation=annotation,
        score=sum(scores.values()) / len(scores),
        scores=scores,
        at=annotation.at,
    )
    follow_score(queue=task.queue, user=row.user)


MEASURES.append(measure)


def of_a_mark(task: Task, gold: Gold, annotation: Annotation) -> dict[str, float]:
    """Marked as an exception and no more: right where the known answer is not what the model says."""
    is_right = label_of(task.queue.schema, gold.answer) != annotation.shown_prediction
    return {row["name"]: float(is_right) for row in task.queue.schema.questions}


def scores_of(
    questions: list[dict[str, Any]], known: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, float]:
    """{question: how alike the answer is to the known one}, of every question that either answers."""
    asked = [row for row in questions if row["name"] in known or row["name"] in given] or questions
    return {row["name"]: alike(row, known.get(row["name"]), given.get(row["name"])) for row in asked}


def wrong(row: GoldAnswer) -> list[str]:
    """The questions whose answer was not quite the known one."""
    return [name for name, score in row.scores.items() if score < RIGHT]
