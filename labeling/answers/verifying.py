"""Verifying a sheet: what is not marked is what the model said, accepted; what is marked is put right or handed on.

All of it is one transaction of as many statements for 24 cells as for one. Only what is no ordinary cell goes the way
of a single answer: known answers, tasks of which a pipeline waits, tasks of several people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.actions import (
    MEASURES,
    Heed,
    Met,
    Note,
    answer_held,
    answers_alone,
    heeds_of,
    origin,
)
from labeling.answers.guesses import guess_of, question_of
from labeling.answers.looked_at import given_before, is_chosen
from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.tasks.actions import open_tasks
from labeling.tasks.models import Lease, SelectedBy, Task
from projects.schemas.answers import label_of
from projects.schemas.questions import KINDS
from projects.streams.models import LabelState
from projects.streams.summary import LabelSummary, summarize
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record, record_each
from teams.identity.models import User


@dataclass(slots=True)
class Cell:
    """What a sheet says of one task. `value` is the class that was chosen for a marked one, None: none was."""

    lease: int
    token: int
    is_marked: bool = False
    value: Any = None


@dataclass(slots=True)
class Kept:
    """What became of a sheet. `lost`: the keys of examples whose hold had ended: they were not counted."""

    accepted: int = 0
    corrected: int = 0
    handed_on: int = 0
    lost: list[str] = field(default_factory=list)
    answers: list[Annotation] = field(default_factory=list)


@dataclass(slots=True)
class Taken:
    """A cell with the task that it is about; `value` is the answer to the queue's question, None: it is handed on."""

    lease: Lease
    task: Task
    value: Any
    is_marked: bool


def verify(
    *, queue: Queue, cells: Sequence[Cell], active_s: float | None = None, reason: str = "", by: User
) -> Kept:
    """Keep a sheet. Again, it changes nothing. Cells whose hold has ended do not count, and the rest does.

    Raises Invalid where a marked cell lacks its class, or a check finds something odd without a `reason`: then none of
    it is kept. Pointers are `/cells/{lease}`.
    """
    try:
        return keep(queue, cells, active_s, reason, by)
    except Met as odd:
        odd.note()
        raise


@transaction.atomic
def keep(queue: Queue, cells: Sequence[Cell], active_s: float | None, reason: str, by: User) -> Kept:
    """Sort the cells, then keep those of each sort together."""
    kept, now = Kept(), timezone.now()
    taken = taken_of(queue, cells, kept, by)
    check_cells(queue, taken)
    seconds = None if active_s is None or not taken else active_s / len(taken)
    plain: list[Taken] = []
    odd_ones: list[Taken] = []
    for one in taken:
        (plain if is_plain(one, by) else odd_ones).append(one)
    answered = [one for one in plain if one.value is not None]
    handed_on = [one for one in plain if one.value is None]
    keep_answers(queue, answered, seconds, reason, now, kept, by)
    hand_on(queue, handed_on, now, kept, by)
    for one in odd_ones:
        keep_single(queue, one, seconds, reason, kept, by)
    if odd_ones:  # what was sent together is undone together: it has ended at one moment
        ended = queue.organization.leases.filter(pk__in=[one.lease.pk for one in odd_ones])
        ended.update(ended_at=now)
    if taken:
        record(
            "sheet.verified",
            organization=queue.organization,
            subject=queue,
            by=by,
            accepted=kept.accepted,
            corrected=kept.corrected,
            handed_on=kept.handed_on,
            lost=len(kept.lost),
        )
    return kept


def taken_of(queue: Queue, cells: Sequence[Cell], kept: Kept, by: User) -> list[Taken]:
    """The cells that are still this person's, their leases and tasks locked in the order that everybody keeps.

    What this very sheet has answered before is neither among them nor lost.
    """
    sent = {cell.lease: cell for cell in cells}
    leases = queue.organization.leases.select_for_update(of=("self", "task"), no_key=True)
    mine = leases.filter(pk__in=sent, user=by, queue=queue).select_related("task__example").order_by("pk")
    taken = []
    for lease in mine:
        cell, task = sent[lease.pk], lease.task
        lease.organization = task.organization = queue.organization
        lease.queue = task.queue = queue
        task.example.stream, task.example.organization = queue.stream, queue.organization
        if lease.state == Lease.State.HELD and lease.token == cell.token:
            value = cell.value if cell.is_marked else guess_of(queue, task.example)
            taken.append(Taken(lease, task, value, cell.is_marked))
        elif lease.token != cell.token or lease.state not in (Lease.State.ANSWERED, Lease.State.SKIPPED):
            kept.lost.append(task.example.key)
    return taken


def check_cells(queue: Queue, taken: Sequence[Taken]) -> None:
    """Raises Invalid where a cell that is not handed on has no class, or one that is none."""
    question, errors = question_of(queue), []
    for one in taken:
        at = f"/cells/{one.lease.pk}"
        if one.value is None and not may_hand_on(queue, one):
            words = _("Choose the right class.")
            if not one.is_marked:
                words = _("The model says nothing of this one: choose its class.")
            errors.append(FieldError(at, "required", words))
        elif one.value is not None:
            found = KINDS[question["kind"]].check_value(question, one.value, at)
            errors += [FieldError(at, row.code, row.detail) for row in found]
    if errors:
        raise Invalid(errors)


def may_hand_on(queue: Queue, one: Taken) -> bool:
    """Whether a cell may go without a class; not where a pipeline waits for it."""
    return queue.exceptions_to_id is not None and one.task.selected_by != SelectedBy.ASK


def is_plain(one: Taken, by: User) -> bool:
    """Whether nobody but this person says what becomes of the task."""
    others = (SelectedBy.GOLD, SelectedBy.ASK)
    return one.task.selected_by not in others and answers_alone(one.task, by)


def keep_answers(
    queue: Queue,
    taken: Sequence[Taken],
    seconds: float | None,
    reason: str,
    now: datetime,
    kept: Kept,
    by: User,
) -> None:
    """Answers to plain cells: kept, and accepted or sent to review."""
    organization = queue.organization
    heeds = heeds_of(queue)
    notes = [heeded(heeds, one, answer_of(queue, one), seconds, reason, by) for one in taken]
    returned = came_back(queue, taken)
    is_new = queue.review_first - given_before(queue, by.pk) if queue.review_first and taken else 0
    rows = []
    for place, one in enumerate(taken):
        answer = answer_of(queue, one)
        row = Annotation(
            organization=organization,
            **origin(one.task),
            lease=one.lease,
            author=by,
            schema=queue.schema,
            answer=answer,
            label=label_of(queue.schema, answer),
            shown_prediction=one.task.example.predicted,
            active_s=seconds,
            at=now,
        )
        looked_at = place < is_new or is_chosen(one.task, [row], came_back=one.task.pk in returned)
        row.state = Annotation.State.IN_REVIEW if looked_at else Annotation.State.ACCEPTED
        row.accepted_at = None if looked_at else now
        rows.append(row)
    organization.annotations.bulk_create(rows)
    for found, row in zip(notes, rows, strict=True):
        for note in found:
            note(row)
    ends = {"ended_at": now, "draft": None, "note": "", "prefetched": False}
    organization.leases.filter(pk__in=[one.lease.pk for one in taken]).update(
        state=Lease.State.ANSWERED, **ends
    )
    follow(queue, rows, now, by)
    count(kept, taken, rows)


def answer_of(queue: Queue, one: Taken) -> dict[str, Any]:
    """The answer as the schema has it."""
    return {question_of(queue)["name"]: one.value}


def heeded(
    heeds: Sequence[Heed], one: Taken, answer: dict[str, Any], seconds: float | None, reason: str, by: User
) -> list[Note]:
    """What those who find something odd want to note. Raises Met."""
    return list(filter(None, (heed(one.task, answer, seconds, reason, by) for heed in heeds)))


def came_back(queue: Queue, taken: Sequence[Taken]) -> set[int]:
    """The tasks of which a reviewer has returned an answer of this round; only who held one before is asked about."""
    again = {one.task.pk: one.task for one in taken if one.lease.token > 1}
    if not again:
        return set()
    examples = [task.example_id for task in again.values()]
    said = queue.organization.annotations.filter(example__in=examples, task__in=again)
    found = said.filter(state=Annotation.State.RETURNED).values_list("task", "round")
    return {task for task, round_ in found if again[task].round == round_}


def follow(queue: Queue, rows: Sequence[Annotation], now: datetime, by: User) -> None:
    """Tasks and examples follow; each answer is on record by itself."""
    organization = queue.organization
    accepted = [row for row in rows if row.state == Annotation.State.ACCEPTED]
    others = [row for row in rows if row.state != Annotation.State.ACCEPTED]
    for state, some, ended in (
        (Task.State.ACCEPTED, accepted, now),
        (Task.State.IN_REVIEW, others, None),
    ):
        tasks = organization.tasks.filter(pk__in=[row.task_id for row in some], state=Task.State.OPEN)
        if some:
            tasks.update(state=state, ended_at=ended)
    if queue.counts and accepted:
        labels = [LabelSummary(row.example_id, row.label, LabelState.ACCEPTED, now) for row in accepted]
        summarize(organization=organization, labels=labels)
    submitted = [(row, {"task": row.task_id}) for row in rows]
    record_each("annotation.submitted", organization=organization, subjects=submitted, by=by)
    counted = [(row, told_of(row)) for row in accepted]
    record_each("annotation.accepted", organization=organization, subjects=counted, by=None)


def told_of(row: Annotation) -> dict[str, Any]:
    """What the event of an accepted answer says."""
    return {
        "task": row.task_id,
        "example": row.example_id,
        "queue": row.queue_id,
        "selected_by": row.selected_by,
    }


def count(kept: Kept, taken: Sequence[Taken], rows: Sequence[Annotation]) -> None:
    """How many were what the model said, and how many were put right."""
    right = sum(row.label == row.shown_prediction for row in rows)
    kept.accepted += right
    kept.corrected += len(rows) - right
    kept.answers += rows


def hand_on(queue: Queue, taken: Sequence[Taken], now: datetime, kept: Kept, by: User) -> None:
    """Marked without a class: asked in the other queue, drawn as they were here; nothing is accepted."""
    if not taken or queue.exceptions_to is None:
        return
    organization, other = queue.organization, queue.exceptions_to
    other.organization = organization
    organization.leases.filter(pk__in=[one.lease.pk for one in taken]).update(
        state=Lease.State.SKIPPED, ended_at=now, prefetched=False
    )
    organization.tasks.filter(pk__in=[one.task.pk for one in taken]).update(
        state=Task.State.ARCHIVED, ended_at=now, line=Task.Line.ANYBODY, assigned_to=None
    )
    drawn: dict[tuple[str, float | None], list[int]] = {}
    for one in taken:
        how = (one.task.selected_by, one.task.inclusion_probability)
        drawn.setdefault(how, []).append(one.task.example_id)
    for (selected_by, probability), examples in drawn.items():
        open_tasks(
            queue=other,
            example_ids=examples,
            selected_by=SelectedBy(selected_by),
            probability=probability,
            by=by,
        )
    kept.handed_on += len(taken)


def keep_single(queue: Queue, one: Taken, seconds: float | None, reason: str, kept: Kept, by: User) -> None:
    """The way of a single answer."""
    if one.value is None:
        turned_down(queue, one, seconds, kept, by)
        return
    row = answer_held(
        lease=one.lease,
        token=one.lease.token,
        answer=answer_of(queue, one),
        active_s=seconds,
        reason=reason,
        by=by,
    )
    count(kept, [one], [row])


def turned_down(queue: Queue, one: Taken, seconds: float | None, kept: Kept, by: User) -> None:
    """Marked without a class: all that is said of a known one is that it is not what the model says.

    A task of several people that one of them hands on is left to the others.
    """
    organization, now = queue.organization, timezone.now()
    leases = organization.leases.filter(pk=one.lease.pk)
    if one.task.selected_by != SelectedBy.GOLD:
        leases.update(state=Lease.State.SKIPPED, ended_at=now)
        organization.tasks.filter(pk=one.task.pk).update(open_slots=one.task.open_slots + 1)
        kept.handed_on += 1
        return
    row = organization.annotations.create(
        **origin(one.task),
        lease=one.lease,
        author=by,
        schema=queue.schema,
        answer={},
        label="",
        shown_prediction=one.task.example.predicted,
        active_s=seconds,
        state=Annotation.State.GOLD,
    )
    leases.update(state=Lease.State.ANSWERED, ended_at=now, prefetched=False)
    for measure in MEASURES:
        measure(one.task, row)
    kept.handed_on += 1
    kept.answers.append(row)
