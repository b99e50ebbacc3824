"""A share of the imported labels that people check: drawn by lot, the same examples however often they come."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Count, F, Q
from django.db.models.lookups import LessThan

from labeling.imports.batches import Batch
from labeling.imports.models import AuditedLabel, Import
from labeling.tasks.actions import open_tasks
from labeling.tasks.models import SelectedBy, Task
from projects.conditions.compiling import SampleBucket
from projects.streams.receiving import Received
from projects.streams.rows import RowIn


class Agreement(NamedTuple):
    """How far the check is: labels to check, those that are, and those on which people say the same."""

    drawn: int
    checked: int
    same: int


def audit(row: Import, batch: Batch, received: Received) -> None:
    """Open the tasks that the lot falls on among a batch's labelled examples."""
    if row.trust != Import.Trust.AUDITED or row.audit_queue is None:
        return
    labelled = [
        outcome.id
        for outcome, read in zip(received.rows, batch.reads, strict=True)
        if isinstance(read.row, RowIn) and read.row.labels and isinstance(outcome.id, int)
    ]
    drawn = list(drawn_among(row, labelled))
    open_tasks(
        queue=row.audit_queue,
        example_ids=[example for example, _label in drawn],
        selected_by=SelectedBy.RANDOM,
        probability=row.audit_percent / 100,
        by=row.created_by,
    )
    note(row, dict(drawn))


def drawn_among(row: Import, example_ids: list[int]) -> list[tuple[int, str | None]]:
    """(example, label) of those that the lot falls on: a hash of queue and key, so the same ones every time."""
    sticky = LessThan(SampleBucket(f"import:{row.audit_queue_id}"), round(row.audit_percent * 100))
    examples = row.organization.examples.filter(stream=row.stream, pk__in=example_ids, label__isnull=False)
    return list(examples.filter(sticky).values_list("pk", "label"))


def note(row: Import, labels: dict[int, str | None]) -> None:
    """Which tasks check which labels of this import."""
    tasks = row.organization.tasks.filter(
        queue=row.audit_queue, example__in=labels, selected_by=SelectedBy.RANDOM
    )
    row.organization.audited_labels.bulk_create(
        [
            AuditedLabel(organization_id=row.organization_id, source=row, task_id=task, label=labels[example])
            for task, example in tasks.values_list("pk", "example")
        ],
        ignore_conflicts=True,
    )


def agreement(row: Import) -> Agreement:
    """How the people who checked see it."""
    checked = Q(task__state=Task.State.ACCEPTED)
    said = row.organization.annotations.filter(state="accepted", queue=row.audit_queue_id)
    rows = row.organization.audited_labels.filter(source=row)
    found = rows.aggregate(
        drawn=Count("pk"),
        checked=Count("pk", filter=checked),
        same=Count("pk", filter=checked & Q(task__annotations__in=said, task__annotations__label=F("label"))),
    )
    return Agreement(**found)
