"""Taking a recall back: its answers count as before, but where something newer stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import F

from labeling.answers.actions import move
from labeling.answers.labels import labels_now
from labeling.answers.models import Annotation
from labeling.quality.gold import bring_back
from labeling.recall.choosing import STANDING
from labeling.recall.holding import hold, in_hand, said
from labeling.recall.models import Recall, RecalledAnswer
from labeling.tasks.models import Lease, Task
from projects.streams.summary import summarize

STEP = 200
State, Source = Annotation.State, Annotation.Source
Notes = Sequence[RecalledAnswer]


def restore_some(row: Recall) -> bool:
    """Put the answers of the next tasks back, or leave them; whether there were any."""
    organization = row.organization
    waiting = organization.recalled_answers.filter(recall=row, is_back=None)
    some = {pk for (pk,) in waiting.order_by("pk").values_list("task_id")[:STEP]}
    if not some:
        return False
    found = waiting.filter(task__in=some).select_related("annotation", "gold__organization").order_by("pk")
    again = {pk for (pk,) in found.exclude(again=None).values_list("again_id")}
    tasks = hold(organization, some | again)
    by_task: defaultdict[int, list[RecalledAnswer]] = defaultdict(list)
    for note in found:
        by_task[note.task_id].append(note)
    back = 0
    for notes in by_task.values():
        is_back = not is_newer(row, tasks, notes)
        if is_back:
            restore(row, tasks, notes)
            back += sum(note.annotation.source == Source.PERSON for note in notes)
        waiting.filter(pk__in=[note.pk for note in notes]).update(is_back=is_back)
    examples = sorted({task.example_id for task in tasks.values()})
    summarize(organization=organization, labels=labels_now(organization, examples))
    organization.recalls.filter(pk=row.pk).update(restored=F("restored") + back)
    return True


def is_newer(recall: Recall, tasks: dict[int, Task], notes: Notes) -> bool:
    """Whether something stands that came after the recall: another recall, somebody's answer, or their hold."""
    task, again = tasks[notes[0].task_id], tasks.get(notes[0].again_id or 0)
    later = recall.organization.recalled_answers.filter(task=task, recall__gt=recall).exclude(is_back=True)
    if later.exists():
        return True
    if again is not None:
        return again.state != Task.State.OPEN or bool(in_hand(again)) or bool(said(again, *State.values))
    if task.open_slots < sum(note.places for note in notes):
        return True
    if notes[0].task_was == Task.State.OPEN:
        return task.state != Task.State.OPEN
    return any(by_somebody(row, recall) for row in said(task, *STANDING))


def by_somebody(row: Annotation, recall: Recall) -> bool:
    """Whether a person said or decided this after the recall; what was put together from what was left is nobody's."""
    decided = (
        row.accepted_by_id is not None and row.accepted_at is not None and row.accepted_at > recall.made_at
    )
    return decided or (row.source == Source.PERSON and row.at > recall.made_at)


def restore(recall: Recall, tasks: dict[int, Task], notes: Notes) -> None:
    """Everything as it was: what was put together meanwhile gives way, the next round is withdrawn."""
    task, again, organization = (
        tasks[notes[0].task_id],
        tasks.get(notes[0].again_id or 0),
        recall.organization,
    )
    meanwhile = [
        row.pk
        for row in said(task, *STANDING)
        if row.source == Source.CONSOLIDATED and row.at > recall.made_at
    ]
    organization.annotations.filter(pk__in=meanwhile).update(state=State.SUPERSEDED)
    if again is not None:
        move(again, Task.State.ARCHIVED, open_slots=0)
    for note in notes:
        organization.annotations.filter(pk=note.annotation_id, state=State.RECALLED).update(state=note.was)
        if note.gold is not None:
            bring_back(gold=note.gold, by=recall.undone_by)
    give_back(task, notes)
    places = sum(note.places for note in notes)
    if places:
        task.open_slots -= places
        organization.tasks.filter(pk=task.pk).update(open_slots=task.open_slots)
    bring_to(task, notes[0].task_was)


def give_back(task: Task, notes: Notes) -> None:
    """What was before its author to be mended is again."""
    mended = [note.annotation.lease_id or 0 for note in notes if note.was == State.RETURNED]
    leases = task.organization.leases.filter(pk__in=mended, state=Lease.State.EXPIRED)
    if notes[0].task_was == Task.State.OPEN and any(note.places for note in notes):
        leases.update(state=Lease.State.RETURNED)


def bring_to(task: Task, state: str) -> None:
    """The task is in the state that it was in."""
    if task.state != state and task.state != Task.State.OPEN:
        move(task, Task.State.OPEN)
    if task.state != state:
        move(task, state)
