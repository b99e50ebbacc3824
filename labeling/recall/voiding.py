"""Voiding some answers of a task that is in our hands, and what becomes of the task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from labeling.answers.actions import move, settle
from labeling.answers.models import Annotation
from labeling.recall.choosing import COUNTING, SETTLED, STANDING, is_asked
from labeling.recall.holding import in_hand, said
from labeling.recall.models import Recall, RecalledAnswer
from labeling.tasks.actions import due_of
from labeling.tasks.models import Lease, Task

State, Source = Annotation.State, Annotation.Source


def void(recall: Recall, task: Task, answers: Sequence[Annotation]) -> list[RecalledAnswer]:
    """Void some answers of a held task; what was noted of each. The examples' labels are the caller's."""
    was, standing = task.state, said(task, *STANDING)
    gone = {row.pk for row in answers}
    counting = [row for row in standing if row.state in COUNTING]
    left = [row for row in counting if row.source == Source.PERSON and row.pk not in gone]
    joined = [row for row in standing if row.source == Source.CONSOLIDATED]
    fate = fate_of(task, left, joined)
    rows = [*answers, *(joined if fate is not None else ())]
    notes = [note(recall, row, was) for row in rows]
    states = task.organization.annotations.filter(pk__in=[row.pk for row in rows])
    states.update(state=State.RECALLED)
    freed = let_go(task, answers)
    if was == Task.State.OPEN:
        give_places(task, len(freed - in_hand(task)), notes)
    elif fate is not None:
        FATES[fate](recall, task, left, notes)
    return notes


def fate_of(task: Task, left: list[Annotation], joined: list[Annotation]) -> str | None:
    """What becomes of a settled task; None where what it came to stands without the answers that go."""
    if task.state not in SETTLED or any(row.state in (State.ACCEPTED, State.IN_REVIEW) for row in left):
        return None
    if not left:
        return "again"
    if any(row.accepted_by_id is not None for row in joined):
        return None  # somebody has decided so
    if not is_enough(task, left):
        return "open"
    return None if joined and is_same(left, joined[-1]) else "settle"


def is_enough(task: Task, left: list[Annotation]) -> bool:
    """Whether as many are left as the queue asks for, or so many agree that whoever is missing could not change it."""
    (_label, most), *_others = Counter(row.label for row in left).most_common()
    return len(left) >= task.queue.overlap or most * 2 > task.queue.overlap


def is_same(left: list[Annotation], joined: Annotation) -> bool:
    """Whether what is left comes to the very answer that was put together before."""
    (label, most), *_others = Counter(row.label for row in left).most_common()
    model = next(row for row in left if row.label == label)
    return most * 2 > len(left) and (label, model.answer) == (joined.label, joined.answer)


def note(recall: Recall, row: Annotation, task_was: str) -> RecalledAnswer:
    """What an answer was."""
    return RecalledAnswer(
        organization_id=row.organization_id,
        recall=recall,
        annotation=row,
        task_id=row.task_id,
        was=row.state,
        task_was=task_was,
    )


def let_go(task: Task, answers: Sequence[Annotation]) -> set[int | None]:
    """Whose places in a task nobody has any more. An answer that went back to its author is not theirs to mend."""
    returned = {row.lease_id: row.author_id for row in answers if row.state == State.RETURNED}
    leases = task.organization.leases.filter(pk__in=list(returned), state=Lease.State.RETURNED)
    mended = set(leases.values_list("pk", flat=True))
    leases.update(state=Lease.State.EXPIRED, ended_at=timezone.now())
    given = {row.author_id for row in answers if row.state != State.RETURNED}
    return given | {returned[pk] for pk in mended}


def give_places(task: Task, count: int, notes: list[RecalledAnswer]) -> None:
    """Open places in a task for other people: whoever answered stays among its people, and does not get it again."""
    if not count:
        return
    task.open_slots += count
    notes[0].places = count
    task.organization.tasks.filter(pk=task.pk).update(
        open_slots=task.open_slots, line=Task.Line.ANYBODY, assigned_to=None
    )


def open_up(recall: Recall, task: Task, left: list[Annotation], notes: list[RecalledAnswer]) -> None:
    """Others' answers are left, and too few: the round goes on."""
    if is_asked(task):
        move(task, Task.State.ARCHIVED)
        return
    move(task, Task.State.OPEN)
    give_places(task, task.queue.overlap - len(left), notes)


def settle_anew(recall: Recall, task: Task, left: list[Annotation], notes: list[RecalledAnswer]) -> None:
    """What is left is enough to say what the task comes to."""
    move(task, Task.State.OPEN)
    settle(task=task)


def begin_again(recall: Recall, task: Task, left: list[Annotation], notes: list[RecalledAnswer]) -> None:
    """Nothing is left: the next round, without the person whose answers were recalled."""
    move(task, Task.State.ARCHIVED)
    organization, now = task.organization, timezone.now()
    later = organization.tasks.filter(queue=task.queue_id, example=task.example_id, round__gt=task.round)
    if is_asked(task) or later.exists():
        return
    again = organization.tasks.create(
        **same(task), people=[recall.person_id] if recall.person_id else [], due_at=due_of(task.queue, now)
    )
    for row in notes:
        row.again = again


def same(task: Task) -> dict[str, Any]:
    """What the next round has from the one before."""
    names = ("queue", "example_id", "priority", "order_key", "selected_by", "inclusion_probability")
    return {name: getattr(task, name) for name in names} | {
        "round": task.round + 1,
        "open_slots": task.queue.overlap,
    }


FATES = {"again": begin_again, "open": open_up, "settle": settle_anew}
