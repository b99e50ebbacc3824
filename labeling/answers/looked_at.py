"""Which answers a reviewer looks at before they count."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.tasks.models import SelectedBy, Task


def is_looked_at(task: Task, answers: Sequence[Annotation], *, came_back: bool) -> bool:
    """Whether what a task's people answered goes to a reviewer first.

    By lot, and always: after a return (`came_back`), and where the queue says so for new people, for what the model
    was unsure of, and where answers differ. Never for asks, which somebody waits for.
    """
    if task.selected_by == SelectedBy.ASK:
        return False
    return is_chosen(task, answers, came_back=came_back) or any(is_new_here(task, row) for row in answers)


def is_chosen(task: Task, answers: Sequence[Annotation], *, came_back: bool) -> bool:
    """The same, whoever answered."""
    return (
        came_back
        or is_drawn(task)
        or is_unsure(task)
        or (task.queue.review_disagreement and differ(task, answers))
    )


def is_drawn(task: Task) -> bool:
    """Whether the lot picks this task; sticky, so that asking again changes nothing."""
    lot = int.from_bytes(hashlib.sha256(f"review:{task.pk}".encode()).digest()[:4]) % 10_000
    return lot < task.queue.review_percent * 100


def is_unsure(task: Task) -> bool:
    """Whether the model was less sure than the queue wants; where it said nothing, nothing follows."""
    least, sure = task.queue.review_unsure, task.example.confidence
    return least is not None and sure is not None and sure * 100 < least


def differ(task: Task, answers: Sequence[Annotation]) -> bool:
    """Whether people differ in what they say, or what they say differs from the model's guess."""
    if any(row.answer != answers[0].answer for row in answers[1:]):
        return True
    guess = task.example.predicted
    return guess is not None and any(row.label not in ("", guess) for row in answers)


def is_new_here(task: Task, answer: Annotation) -> bool:
    """Whether this is one of its author's first answers in the queue, as far as those are always looked at."""
    first = task.queue.review_first
    if not first or answer.author_id is None:
        return False
    return given_before(task.queue, answer.author_id, but=answer.pk) < first


def given_before(queue: Queue, author: int, *, but: int | None = None) -> int:
    """How many answers somebody has given in a queue, counted as far as its first ones are looked at."""
    given = queue.organization.annotations.filter(author=author, queue=queue)
    before = given.filter(source=Annotation.Source.PERSON)
    if but is not None:
        before = before.exclude(pk=but)
    return len(before.order_by().values_list("pk", flat=True)[: queue.review_first])
