"""Which answers count: the newest accepted one of each example."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from labeling.answers.models import Annotation
from projects.streams.models import LabelState, Stream
from projects.streams.summary import LabelSummary
from teams.identity.models import Organization


def accepted_labels(
    stream: Stream, *, queues: Sequence[int] = (), before: datetime | None = None
) -> QuerySet[Annotation]:
    """Accepted answers on a stream's examples: from the queues named, else from every queue that counts.

    With `before`, those accepted earlier than that moment.
    """
    accepted = stream.organization.annotations.filter(queue__stream=stream, state=Annotation.State.ACCEPTED)
    accepted = accepted.filter(queue__in=queues) if queues else accepted.filter(queue__counts=True)
    return accepted.filter(accepted_at__lt=before) if before else accepted


def labels_now(organization: Organization, example_ids: Sequence[int]) -> list[LabelSummary]:
    """What the labels of some examples are by their answers: the newest accepted one that counts, or none."""
    accepted = organization.annotations.filter(
        example__in=example_ids, state=Annotation.State.ACCEPTED, queue__counts=True
    )
    newest = accepted.order_by("example", "-accepted_at", "-pk").distinct("example")
    found = {row[0]: row for row in newest.values_list("example", "label", "accepted_at")}
    there = [LabelSummary(pk, label, LabelState.ACCEPTED, at) for pk, label, at in found.values()]
    return there + [LabelSummary(pk, None, LabelState.NONE) for pk in example_ids if pk not in found]
