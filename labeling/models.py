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
    Standing,
)
from labeling.queues.models import Credential, Pause, Qualification, Queue, Reservation
from labeling.recall.models import Recall, RecalledAnswer
from labeling.reviews.models import Issue, Review, ReviewLease
from labeling.tasks.models import Lease, Task

__all__ = [
    "Agreement",
    "Annotation",
    "Ask",
    "AuditedLabel",
    "Credential",
    "Gold",
    "GoldAnswer",
    "Heuristic",
    "HeuristicHit",
    "Import",
    "ImportedPerson",
    "Issue",
    "Lease",
    "Pause",
    "Qualification",
    "Queue",
    "Recall",
    "RecalledAnswer",
    "RejectedRow",
    "Reservation",
    "Review",
    "ReviewLease",
    "Standing",
    "Task",
]
