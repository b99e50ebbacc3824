"""Recent tasks that several people answered, and what their answers say of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from labeling.answers.actions import JUDGES, Outcome
from labeling.answers.models import Annotation
from labeling.quality.agreement.measuring import alike, mean, support
from labeling.queues.models import Queue
from labeling.tasks.models import SelectedBy, Task
from projects.schemas.answers import ONE_WORD

RECENT = timedelta(days=28)
MOST_TASKS = 500
STANDING = (
    Annotation.State.SUBMITTED,
    Annotation.State.IN_REVIEW,
    Annotation.State.ACCEPTED,
    Annotation.State.RETURNED,
    Annotation.State.SUPERSEDED,
)
Question = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shared:
    """A task with what each person answered at first: what follows a return has been talked about."""

    task: int
    example: int
    at: datetime
    answers: dict[int, dict[str, Any]]

    def of(self, question: str) -> dict[int, Any]:
        """{person: value} of one question, of those who answered it."""
        given = {person: answer.get(question) for person, answer in self.answers.items()}
        return {person: value for person, value in given.items() if value is not None}


def shared_tasks(queue: Queue, at: datetime, most: int = MOST_TASKS) -> list[Shared]:
    """The newest tasks of the queue's questions with answers of two people or more; newest first."""
    several = queue.organization.tasks.filter(queue=queue, people__len__gt=1, opened_at__gte=at - RECENT)
    rows = several.order_by("-pk").values_list("pk", "example_id", "people")[:most]
    # Whoever corrected an answer or decided between some had read them: they are none of the task's people.
    people = {pk: set(asked) for pk, _example, asked in rows}
    said = queue.organization.annotations.filter(
        example__in={example for _pk, example, _asked in rows},
        task__in=people,
        source=Annotation.Source.PERSON,
        schema=queue.schema_id,
        state__in=STANDING,
        author__isnull=False,
    )
    found: dict[int, Shared] = {}
    for task, example, author, answer, when in said.order_by("pk").values_list(
        "task", "example", "author", "answer", "at"
    ):
        if author in people[task]:
            found.setdefault(task, Shared(task, example, when, {})).answers.setdefault(author, answer)
    return [found[task] for task in sorted(found, reverse=True) if len(found[task].answers) > 1]


def judge(task: Task, answers: list[Annotation]) -> Outcome:
    """Where too few of the answers stand together one more person is asked; when there are enough, somebody decides.

    Asks are settled at once: a pipeline waits for them.
    """
    floor = task.queue.agreement_floor
    if floor is None or task.selected_by == SelectedBy.ASK or len(answers) < 2:
        return Outcome.CONTENT
    if together(task.queue.schema.questions, [row.answer for row in answers]) * 100 >= floor - 1e-9:
        return Outcome.CONTENT
    return Outcome.ONE_MORE if len(answers) < task.queue.most_answers else Outcome.APART


JUDGES.append(judge)


def together(questions: Iterable[Question], answers: list[dict[str, Any]]) -> float:
    """The share of the answers behind the best supported one, in the question where that share is least."""
    shares = (support(row, [answer.get(row["name"]) for answer in answers]) for row in questions)
    return min(shares, default=1.0)


def likeness(questions: Iterable[Question], answers: Mapping[int, dict[str, Any]]) -> float:
    """How alike a task's answers are: the mean over pairs of people and over questions."""
    pairs = list(combinations(answers.values(), 2))
    found = [
        alike(row, one.get(row["name"]), other.get(row["name"])) for row in questions for one, other in pairs
    ]
    share = mean(found)
    return 1.0 if share is None else share


def hardest(questions: list[Question], tasks: list[Shared], most: int = 12) -> list[tuple[Shared, float]]:
    """The tasks whose answers are least alike, with how alike they are; those that agree are none of them."""
    found = [(row, likeness(questions, row.answers)) for row in tasks]
    apart = [(row, share) for row, share in found if share < 1]
    return sorted(apart, key=lambda pair: (pair[1], -pair[0].task))[:most]


def confusion(question: Question, tasks: list[Shared]) -> Counter[tuple[str, str]]:
    """{(label, label): pairs of people}, the labels in order, equal ones too; only where one word answers."""
    found: Counter[tuple[str, str]] = Counter()
    if question["kind"] not in ONE_WORD:
        return found
    for row in tasks:
        for one, other in combinations(map(word, row.of(question["name"]).values()), 2):
            found[min(one, other), max(one, other)] += 1
    return found


def word(value: Any) -> str:
    """A value as conditions call it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
