"""Which answers a recall means, and what voiding them would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.recall.models import Recall
from labeling.tasks.models import SelectedBy, Task
from projects.schemas.models import LabelSchema
from projects.streams.models import Project
from teams.identity.models import User

State = Annotation.State
# The states in which a person's answer counts, or may come to count.
STANDING = (State.SUBMITTED, State.IN_REVIEW, State.RETURNED, State.ACCEPTED)
COUNTING = (State.SUBMITTED, State.IN_REVIEW, State.ACCEPTED)
SETTLED = (Task.State.COMPLETE, Task.State.IN_REVIEW, Task.State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a manager chose; everything that is said narrows it. Times are aware; `until` None is now."""

    project: Project
    person: User | None = None
    queue: Queue | None = None
    schema: LabelSchema | None = None
    question: str = ""
    value: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing narrows it but where: that would be everything."""
        return not (self.person or self.schema or self.question or self.since)


def choice_of(recall: Recall) -> Choice:
    """What a recall means."""
    names = ("project", "person", "queue", "schema", "question", "value", "since", "until")
    return Choice(**{name: getattr(recall, name) for name in names})


def chosen(choice: Choice) -> QuerySet[Annotation]:
    """Answers given here that count, or may come to count, and that the choice means."""
    organization = choice.project.organization
    rows = organization.annotations.filter(source=Annotation.Source.PERSON, state__in=STANDING)
    rows = (
        rows.filter(queue=choice.queue) if choice.queue else rows.filter(queue__in=queues_of(choice.project))
    )
    exact = {
        "author": choice.person,
        "schema": choice.schema,
        "at__gte": choice.since,
        "at__lte": choice.until,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    return rows.filter(answered(choice)) if choice.question else rows


def queues_of(project: Project) -> Any:
    """The queues of a project, asked beside the rows."""
    return project.organization.queues.filter(project=project).values("pk")


def answered(choice: Choice) -> Q:
    """Whether the question was answered; with a value, whether with that one, or among others with it."""
    if not choice.value:
        return Q(answer__has_key=choice.question)
    found = Q()
    for value in meant(choice.value):
        found |= Q(answer__contains={choice.question: value}) | Q(answer__contains={choice.question: [value]})
    return found


def meant(text: str) -> Sequence[Any]:
    """What somebody who types this may mean: a word, a number, yes or no."""
    found: list[Any] = [text]
    if text.lower() in ("true", "yes", "false", "no"):
        found.append(text.lower() in ("true", "yes"))
    try:
        found.append(float(text) if "." in text else int(text))
    except ValueError:
        return found
    return found


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would happen: answers voided, of how many tasks and examples; labels lost until somebody answers again."""

    answers: int
    tasks: int
    examples: int
    labels: int
    consensus: int
    golds: int


def foresee(choice: Choice) -> Foreseen:
    """What a recall would do now; `consensus`: tasks in which others have answered too, which are looked at anew."""
    rows, organization = chosen(choice), choice.project.organization
    others = organization.annotations.filter(
        example=OuterRef("example"),
        task=OuterRef("pk"),
        round=OuterRef("round"),
        source=Annotation.Source.PERSON,
        state__in=COUNTING,
    )
    others = others.filter(
        ~Exists(rows.filter(pk=OuterRef("pk")))
    )  # NOT IN would look through a list each time
    tasks = organization.tasks.filter(pk__in=rows.values("task"))
    settled = tasks.filter(state__in=SETTLED)
    return Foreseen(
        answers=rows.count(),
        tasks=tasks.count(),
        examples=rows.values("example").distinct().count(),
        labels=settled.filter(~Exists(others), queue__counts=True, state=Task.State.ACCEPTED).count(),
        consensus=settled.filter(Exists(others)).count(),
        golds=organization.golds.filter(made_from__in=rows.values("pk"), retired_at=None).count(),
    )


def labels_meant(choice: Choice) -> QuerySet[Annotation]:
    """Accepted answers that rest on the chosen ones: they themselves, and what was put together from several."""
    organization = choice.project.organization
    rows = chosen(choice)
    joined = Q(source=Annotation.Source.CONSOLIDATED, task__in=rows.values("task"), round=F("task__round"))
    accepted = organization.annotations.filter(state=State.ACCEPTED)
    return accepted.filter(Q(pk__in=rows.values("pk")) | joined)


def is_asked(task: Task) -> bool:
    """Whether a pipeline asked: it has its answer, and nobody is asked again once it is settled."""
    return task.selected_by == SelectedBy.ASK
