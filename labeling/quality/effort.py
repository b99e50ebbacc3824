"""What a queue's work took: answers and active minutes by day, by person, by the model that had guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate

from labeling.answers.models import Annotation
from labeling.quality.figures import Median
from labeling.queues.models import Queue
from labeling.tasks.models import Task

WINDOW = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Effort:
    """`minutes` are those that were measured: pages without a script measure none. `tasks` are different ones."""

    answers: int
    tasks: int
    returned: int
    minutes: float
    seconds: float | None

    @property
    def minutes_a_task(self) -> float | None:
        """What one task took, all of its people together; None where nothing was measured."""
        return self.minutes / self.tasks if self.minutes and self.tasks else None


NOTHING = Effort(0, 0, 0, 0.0, None)
MEASURES = {
    "answers": Count("id"),
    "n_tasks": Count("task", distinct=True),
    "given_back": Count("id", filter=Q(state=Annotation.State.RETURNED)),
    "active": Sum("active_s"),
    "seconds": Median("active_s"),
}


def by_people(queue: Queue, at: datetime) -> QuerySet[Annotation]:
    """What people said in the queue lately."""
    said = queue.organization.annotations.filter(queue=queue, at__gte=at - WINDOW)
    return said.filter(source=Annotation.Source.PERSON, author__isnull=False).order_by()


def in_all(queue: Queue, at: datetime) -> Effort:
    """Of the queue."""
    return effort(by_people(queue, at).aggregate(**MEASURES))


def by_day(queue: Queue, at: datetime) -> dict[date, Effort]:
    """{day: effort}, oldest first, without days on which nobody answered."""
    rows = by_people(queue, at).annotate(day=TruncDate("at")).values("day").annotate(**MEASURES)
    return {row["day"]: effort(row) for row in rows.order_by("day")}


def by_person(queue: Queue, at: datetime) -> dict[int, Effort]:
    """{user id: effort}."""
    rows = by_people(queue, at).values(person=F("author_id")).annotate(**MEASURES)
    return {row["person"]: effort(row) for row in rows}


def by_model(queue: Queue, at: datetime) -> dict[str, Effort]:
    """{model and version: effort} on the examples of which it is the newest to have said something."""
    guesses = queue.organization.predictions.filter(example=OuterRef("example")).order_by("-pk")
    name, version = (Subquery(guesses.values(f"model_version__{field}")[:1]) for field in ("name", "version"))
    rows = by_people(queue, at).annotate(model=name, version=version).values("model", "version")
    found = {
        " ".join(filter(None, (row["model"], row["version"]))): effort(row)
        for row in rows.annotate(**MEASURES)
    }
    return dict(sorted(found.items(), key=lambda pair: -pair[1].answers)[:20])


def without_people(queue: Queue, at: datetime) -> tuple[int, int]:
    """Of the tasks accepted lately: (those that a person was asked about, those that rules or imports settled)."""
    ended = queue.organization.tasks.filter(queue=queue, state=Task.State.ACCEPTED, ended_at__gte=at - WINDOW)
    asked = Count("pk", filter=Q(people__len__gt=0))
    counted = ended.aggregate(asked=asked, every=Count("pk"))
    return counted["asked"], counted["every"] - counted["asked"]


def effort(row: Any) -> Effort:
    """A row of measures."""
    minutes = (row["active"] or 0) / 60
    return Effort(row["answers"], row["n_tasks"], row["given_back"], minutes, row["seconds"])
