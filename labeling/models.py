"""Gathers the models of the rooms."""

from labeling.answers.models import Annotation, ImportedPerson
from labeling.asks.models import Ask
from labeling.imports.models import AuditedLabel, Import, RejectedRow
from labeling.quality.models import Review
from labeling.queues.models import Queue
from labeling.tasks.models import Lease, Task

__all__ = [
    "Annotation",
    "Ask",
    "AuditedLabel",
    "Import",
    "ImportedPerson",
    "Lease",
    "Queue",
    "RejectedRow",
    "Review",
    "Task",
]
