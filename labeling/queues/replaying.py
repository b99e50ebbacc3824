"""A queue's rules on last week's examples: what they would have sent to people, before anybody is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.db.models import F, QuerySet
from django.db.models.lookups import LessThan
from django.utils import timezone

from labeling.queues.models import Queue
from projects.conditions import Condition
from projects.conditions.compiling import SampleBucket, in_splits
from projects.streams.models import Example, LabelState
from projects.streams.splits import cuts_of

DAYS = 7
MOST = 100_000  # examples that are looked for; of more than that nobody needs the number
USUAL_S = 15.0  # an answer, where nobody has given one yet

# Who knows how long people take says so: seconds an answer takes in a queue, None if none was measured.
PACES: list[Callable[[Queue], float | None]] = []


class Replay(NamedTuple):
    """Tasks by rule and by lot that a week would have made, and what a day of them takes; `is_cut`: or more."""

    by_rule: int
    by_lot: int
    seconds_each: float
    overlap: int
    is_measured: bool
    is_cut: bool

    @property
    def tasks_a_day(self) -> float:
        """On average."""
        return (self.by_rule + self.by_lot) / DAYS

    @property
    def hours_a_day(self) -> float:
        """Of people's time."""
        return self.tasks_a_day * self.overlap * self.seconds_each / 3600


def replay(queue: Queue) -> Replay:
    """What the queue's rules would have made of the examples that arrived in the last seven days."""
    now = timezone.now()
    arrived = queue.organization.examples.filter(
        stream=queue.stream, ingested_at__gt=now - timedelta(days=DAYS), ingested_at__lte=now
    )
    pace = next((seconds for ask in PACES if (seconds := ask(queue)) is not None), None)
    by_rule, by_lot = up_to_most(by_its_rule(queue, arrived)), up_to_most(by_its_lot(queue, arrived))
    return Replay(
        by_rule=by_rule,
        by_lot=by_lot,
        seconds_each=USUAL_S if pace is None else pace,
        overlap=queue.overlap,
        is_measured=pace is not None,
        is_cut=MOST in (by_rule, by_lot),
    )


def by_its_rule(queue: Queue, arrived: QuerySet[Example]) -> QuerySet[Example]:
    """Training examples that meet the condition and had no label when they arrived."""
    if queue.condition is None:
        return arrived.none()
    condition = Condition.from_json(queue.condition, queue.stream).q(timezone.now())
    fresh = arrived.filter(in_splits(cuts_of(queue.stream), ["train"])).filter(condition)
    return fresh.exclude(label_state=LabelState.ACCEPTED, labeled_at__lte=F("ingested_at"))


def by_its_lot(queue: Queue, arrived: QuerySet[Example]) -> QuerySet[Example]:
    """The audit share of the test buckets."""
    if not queue.audit_percent:
        return arrived.none()
    sticky = LessThan(SampleBucket(f"audit:{queue.pk}"), round(queue.audit_percent * 100))
    return arrived.filter(in_splits(cuts_of(queue.stream), ["test", "val"])).filter(sticky)


def up_to_most(rows: QuerySet[Example]) -> int:
    """How many, counted no further than MOST."""
    return rows.order_by().values("pk")[:MOST].count()
