"""Which answers count: the newest accepted one of each example."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from labeling.answers.models import Annotation
from projects.streams.models import Stream


def accepted_labels(
    stream: Stream, *, queues: Sequence[int] = (), before: datetime | None = None
) -> QuerySet[Annotation]:
    """Accepted answers on a stream's examples: from the queues named, else from every queue that counts.

    With `before`, those accepted earlier than that moment.
    """
    accepted = stream.organization.annotations.filter(queue__stream=stream, state=Annotation.State.ACCEPTED)
    accepted = accepted.filter(queue__in=queues) if queues else accepted.filter(queue__counts=True)
    return accepted.filter(accepted_at__lt=before) if before else accepted
