"""Which examples become tasks: by rule in the training buckets, by lot in the others."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.lookups import LessThan
from django.utils import timezone

from labeling.queues.actions import check_for_people
from labeling.queues.models import Queue
from labeling.tasks.actions import open_tasks
from labeling.tasks.models import SelectedBy, Task
from projects.conditions import Condition
from projects.conditions.compiling import SampleBucket, in_splits
from projects.streams.models import Example, LabelState
from projects.streams.splits import cuts_of
from teams.identity.models import User


def route(*, queue: Queue, example_ids: Sequence[int], by: User | None) -> int:
    """Open the tasks that a queue wants among these examples; how many there were. Routing again opens none."""
    if queue.state != Queue.State.ACTIVE:
        return 0
    hard = open_tasks(
        queue=queue,
        example_ids=ids(wanted_by_rule(queue).filter(pk__in=example_ids)),
        selected_by=SelectedBy.RULE,
        probability=None,
        by=by,
    )
    drawn = open_tasks(
        queue=queue,
        example_ids=ids(drawn_by_lot(queue).filter(pk__in=example_ids)),
        selected_by=SelectedBy.RANDOM,
        probability=queue.audit_percent / 100,
        by=by,
    )
    return len(hard) + len(drawn)


@transaction.atomic
def draw(*, queue: Queue, total: int, by: User | None) -> int:
    """Fill a queue to `total` tasks with training examples drawn by lot; how many were opened.

    The lot is a hash of queue and key, so asking again for the same total opens nothing.
    """
    check_for_people(queue)
    queue.organization.queues.select_for_update().get(pk=queue.pk)
    given = queue.organization.tasks.filter(queue=queue).exclude(state=Task.State.GOLD)
    missing = total - given.count()
    if missing <= 0:
        return 0
    pool = without_task(queue, training(queue))
    size = pool.count()
    chosen = pool.order_by(SampleBucket(f"draw:{queue.pk}"), "pk")[:missing]
    opened = open_tasks(
        queue=queue,
        example_ids=ids(chosen),
        selected_by=SelectedBy.RANDOM,
        probability=min(1.0, missing / size) if size else None,
        by=by,
    )
    return len(opened)


def wanted_by_rule(queue: Queue) -> QuerySet[Example]:
    """Training examples without an accepted label that meet the queue's condition; none without one."""
    if queue.condition is None:
        return queue.organization.examples.none()
    condition = Condition.from_json(queue.condition, queue.stream).q(timezone.now())
    return without_task(queue, training(queue)).filter(condition).exclude(label_state=LabelState.ACCEPTED)


def drawn_by_lot(queue: Queue) -> QuerySet[Example]:
    """The audit share of the val and test buckets: never by hardness, or evaluation would be of hard cases."""
    held_out = queue.organization.examples.filter(
        in_splits(cuts_of(queue.stream), ["test", "val"]), stream=queue.stream
    )
    sticky = LessThan(SampleBucket(f"audit:{queue.pk}"), round(queue.audit_percent * 100))
    return without_task(queue, held_out).filter(sticky)


def training(queue: Queue) -> QuerySet[Example]:
    """The stream's examples in training buckets."""
    wanted = in_splits(cuts_of(queue.stream), ["train"])
    return queue.organization.examples.filter(wanted, stream=queue.stream)


def without_task(queue: Queue, examples: QuerySet[Example]) -> QuerySet[Example]:
    """Those that this queue has not asked about."""
    asked = queue.organization.tasks.filter(queue=queue, example=OuterRef("pk"))
    return examples.filter(~Exists(asked))


def ids(examples: QuerySet[Example]) -> list[int]:
    """Their ids."""
    return list(examples.values_list("pk", flat=True))
