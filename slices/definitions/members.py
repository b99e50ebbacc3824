"""Who is in a slice as of a moment: one statement, narrowed in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from labeling.answers.labels import accepted_labels
from labeling.tasks.models import SelectedBy
from projects.conditions.compiling import SampleBucket, in_splits, split_under
from projects.conditions.nodes import duration
from projects.streams.models import Example
from projects.streams.splits import cuts_of
from slices.definitions.meaning import condition_of
from slices.definitions.models import SliceVersion
from slices.definitions.sampling import drawn, without_doubles
from slices.definitions.windows import in_window, late

COUNT_UP_TO = 10_000

Step = tuple[str, QuerySet[Example]]
Values = Mapping[str, Any]  # of a family's parameters
NONE: Values = {}


def members(version: SliceVersion, as_of: datetime, values: Values = NONE) -> QuerySet[Example]:
    """The members, each with `annotation_id` (None without a label) and `split`; `values` are a child's."""
    newest = labels(version, as_of).filter(example=OuterRef("pk")).order_by("-accepted_at", "-pk")
    return divided(version, as_of, values).annotate(annotation_id=Subquery(newest.values("pk")[:1]))


def divided(version: SliceVersion, as_of: datetime, values: Values = NONE) -> QuerySet[Example]:
    """The members, each with `split`."""
    *_before, (_name, last) = steps(version, as_of, values)
    return last.annotate(split=split_under(cuts_of(version.slice.stream)))


def steps(version: SliceVersion, as_of: datetime, values: Values = NONE) -> Iterator[Step]:
    """Each step of narrowing by name, in the order in which they are taken."""
    stream = version.slice.stream
    rows = version.organization.examples.filter(stream=stream)
    rows = rows.filter(in_window(version.window, as_of))
    yield "window", rows
    rows = rows.filter(condition_of(version).q(as_of, values))
    yield "condition", rows
    if version.labels == SliceVersion.Labels.ACCEPTED:
        rows = rows.filter(Exists(labels(version, as_of).filter(example=OuterRef("pk"))))
    yield "labels", rows
    if version.dedupe is not None:
        rows = without_doubles(rows, version.dedupe, stream)
        yield "dedupe", rows
    cuts: Any = SimpleLazyObject(lambda: cuts_of(stream))  # asked only where a split is left out
    rows = rows.filter(in_splits(cuts, version.splits) & in_holdout(version, as_of))
    yield "split", rows
    if version.sample is not None:
        rows = drawn(rows, version.sample, stream, labels(version, as_of))
        yield "sample", rows
    if version.max_size is not None:
        kept = rows.order_by(SampleBucket(f"slice:{version.slice_id}"), "pk").values("pk")[: version.max_size]
        rows = version.organization.examples.filter(stream=stream, pk__in=kept)
    yield "limit", rows


def labels(version: SliceVersion, as_of: datetime) -> QuerySet[Any]:
    """The accepted answers that the slice takes its labels from."""
    rows = accepted_labels(version.slice.stream, queues=version.queues, before=as_of)
    return rows.filter(selected_by=SelectedBy.RANDOM) if version.random_only else rows


def in_holdout(version: SliceVersion, as_of: datetime) -> Q:
    """With a temporal holdout: for training what is older than that, for val and test what is as new."""
    length = duration(version.temporal_holdout)
    if length is None:
        return Q()
    return (
        Q(captured_at__lt=as_of - length) if "train" in version.splits else Q(captured_at__gte=as_of - length)
    )


def funnel(version: SliceVersion, as_of: datetime, values: Values = NONE) -> list[dict[str, Any]]:
    """How many are left after each step, and how many it removed; of a window with grace, how many came late."""
    n = version.organization.examples.filter(stream=version.slice.stream).count()
    told: list[dict[str, Any]] = [{"step": "stream", "n": n, "removed": 0}]
    for name, rows in steps(version, as_of, values):
        before, n = n, rows.count()
        told.append({"step": name, "n": n, "removed": before - n})
        if name == "window" and version.window and "grace" in version.window:
            told[-1]["late_rows"] = rows.filter(late(version.window)).count()
    return told


def newest(version: SliceVersion, limit: int, values: Values = NONE) -> QuerySet[Example]:
    """The members that came last."""
    return members(version, timezone.now(), values).select_related("stream").order_by(F("id").desc())[:limit]
