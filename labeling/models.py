"""Gathers the models of the rooms."""

from labeling.answers.models import Annotation, ImportedPerson
from labeling.asks.models import Ask
from labeling.imports.models import AuditedLabel, Import, RejectedRow
from labeling.quality.models import (
    Agreement,
    Gold,
    GoldAnswer,
    Heuristic,
    HeuristicHit,
    Review,
    Standing,
)
from labeling.queues.models import Queue
from labeling.tasks.models import Lease, Task

__all__ = [
    "Agreement",
    "Annotation",
    "Ask",
    "AuditedLabel",
    "Gold",
    "GoldAnswer",
    "Heuristic",
    "HeuristicHit",
    "Import",
    "ImportedPerson",
    "Lease",
    "Queue",
    "RejectedRow",
    "Review",
    "Standing",
    "Task",
]
