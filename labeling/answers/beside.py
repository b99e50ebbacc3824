"""What stands beside a task for whoever asks: its neighbours in time, and examples whose answer counts already.

Bounded, and blind: no answer to a task that somebody still answers, reviews or decides is shown, nor one that is known
to measure people; neighbours come without their labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.tasks.models import Task
from projects.streams.models import Example
from projects.streams.shown import Shown, shown

AROUND = 4  # before it, and as many after it
OF_A_CLASS = 6
CLASSES = 12
LOOKED_AT = 500  # of the newest answers of the queue that count
UNSETTLED = (Task.State.OPEN, Task.State.COMPLETE, Task.State.IN_REVIEW, Task.State.GOLD)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another example: its media, when it was captured, and words for it (its class, where that is shown)."""

    example: Example
    media: Shown
    words: str = ""


def neighbours(example: Example) -> tuple[list[Neighbour], list[Neighbour]]:
    """Those of the same group that were captured before and after it, oldest first; none where it has no group."""
    if example.split_key == example.key:
        return [], []
    rows = example.organization.examples.filter(stream=example.stream_id, split_key=example.split_key)
    group = rows.exclude(split_key=F("key"))  # as the index has it
    at, pk = example.captured_at, example.pk
    earlier = group.filter(Q(captured_at__lt=at) | Q(captured_at=at, pk__lt=pk))
    later = group.filter(Q(captured_at__gt=at) | Q(captured_at=at, pk__gt=pk))
    before = list(earlier.order_by("-captured_at", "-pk")[:AROUND])[::-1]
    return drawn(example, before), drawn(example, list(later.order_by("captured_at", "pk")[:AROUND]))


def drawn(of: Example, rows: Sequence[Example]) -> list[Neighbour]:
    """Examples of the same stream as a page draws them."""
    for row in rows:
        row.stream, row.organization = of.stream, of.organization
    return [Neighbour(row, shown(of.organization, row)) for row in rows]


def references(queue: Queue, example: Example) -> tuple[str, list[Neighbour]]:
    """Examples whose answer counts, and their title: of the class that the model guesses, else one of each class.

    Where the queue hides what the model says, its guess does not choose them either.
    """
    counted, words = settled(queue, example), titles(queue)
    guess = example.predicted if queue.show_predictions else None
    if guess:
        rows = list(counted.filter(label=guess).order_by("-accepted_at", "-pk")[:OF_A_CLASS])
        title = _("Accepted as %(label)s") % {"label": words.get(guess, guess)}
    else:
        rows = list(counted.order_by("label", "-accepted_at", "-pk").distinct("label")[:CLASSES])
        title = _("What classes look like")
    for row in rows:
        row.example.stream, row.example.organization = queue.stream, queue.organization
    return title, [
        Neighbour(row.example, shown(queue.organization, row.example), words.get(row.label, row.label))
        for row in rows
    ]


def settled(queue: Queue, example: Example) -> QuerySet[Annotation]:
    """The newest answers of the queue that count, but those whose example somebody is still asked about."""
    accepted = queue.organization.annotations.filter(queue=queue, state=Annotation.State.ACCEPTED)
    newest = accepted.order_by("-accepted_at").values("pk")[:LOOKED_AT]
    asked = queue.organization.tasks.filter(example=OuterRef("example"), state__in=UNSETTLED)
    found = queue.organization.annotations.filter(pk__in=newest).exclude(label="").exclude(example=example.pk)
    return found.filter(~Exists(asked)).select_related("example")


def titles(queue: Queue) -> dict[str, str]:
    """{class: its title}, of the first question that has options or is answered by yes or no."""
    found = {"true": _("Yes"), "false": _("No")}
    options: list[dict[str, Any]] = next(
        (row["options"] for row in queue.schema.questions if row.get("options")), []
    )
    return found | {row["value"]: row.get("title") or row["value"] for row in options}
