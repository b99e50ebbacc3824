"""Figures of agreement: found by the clock for queues where several people answer, one a question and day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from labeling.quality.agreement.intervals import more_needed
from labeling.quality.agreement.measuring import measured
from labeling.quality.models import Agreement
from labeling.quality.overlap import shared_tasks
from labeling.queues.models import Queue
from teams.identity.models import Organization
from teams.work.jobs import enqueue, job

JOB = "agreement.measure"
AGAIN = timedelta(hours=1)
AT_ONCE = 50
FEWEST_DISTANCES = 200  # tasks that rankings and sets are compared on: each value with each other


@transaction.atomic
def plan(at: datetime) -> int:
    """Write down the work for queues that are due; how many were."""
    due = Queue.objects.filter(agreement_due_at__lte=at).select_related("organization")
    rows = list(
        due.select_for_update(skip_locked=True, of=("self",), no_key=True).order_by("agreement_due_at")[
            :AT_ONCE
        ]
    )
    for queue in rows:
        if queue.overlap > 1 or queue.agreement_floor is not None:
            enqueue(JOB, organization=queue.organization, queue_id=queue.pk)
    Queue.objects.filter(pk__in=[queue.pk for queue in rows]).update(agreement_due_at=at + AGAIN)
    return len(rows)


@job(JOB)
def measure_queue(organization: Organization, queue_id: int) -> None:
    """Today's figures of one queue; again on the same day they are replaced."""
    queue = organization.queues.select_related("schema", "organization").filter(pk=queue_id).first()
    if queue is not None:
        measure(queue=queue, at=timezone.now())


@transaction.atomic
def measure(*, queue: Queue, at: datetime) -> list[Agreement]:
    """Find and keep the figures of every question; those of which nothing can be said are left out."""
    tasks = shared_tasks(queue, at)
    kept = []
    for question in queue.schema.questions:
        used = tasks[:FEWEST_DISTANCES] if question["kind"] in ("choices", "ranking") else tasks
        found = measured(question, [row.of(question["name"]) for row in used])
        if found is None:
            continue
        row, _is_new = queue.organization.agreements.update_or_create(
            queue=queue,
            question=question["name"],
            day=timezone.localdate(at),
            defaults={
                "measure": found.measure,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "tasks": found.tasks,
                "answers": found.answers,
                "found_at": at,
            },
        )
        kept.append(row)
    return kept


def more_to_tell(row: Agreement, floor: float) -> int | None:
    """About how many more tasks with several answers would tell whether the figure is above `floor`."""
    if row.low is None or row.high is None:
        return None
    return more_needed(row.value, row.low, row.high, row.tasks, floor)
