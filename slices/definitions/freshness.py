"""The clock's part in counting, over all organizations: what was noted is folded, what is old is counted anew."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from projects.streams.changes import ExampleChange
from projects.streams.models import Stream
from slices.definitions.counting import fold
from slices.definitions.counts import Counting
from slices.definitions.recounting import count_members
from teams.work.jobs import enqueue

TURN_S = 1.0  # other sources of due work want their turn
CHECK_EVERY = timedelta(days=1)
COUNT_EVERY = timedelta(minutes=5)


def fold_all(at: datetime) -> int:
    """Fold what was noted, a stream at a time; how many notes there were."""
    ends, done = time.monotonic() + TURN_S, 0
    waiting = ExampleChange.objects.order_by().values_list("organization_id", "stream_id").distinct()
    for organization_id, stream_id in waiting:
        stream = Stream.objects.filter(pk=stream_id).select_related("organization").first()
        if stream is None:  # it is gone, and its slices with it
            ExampleChange.objects.filter(organization=organization_id, stream_id=stream_id).delete()
            continue
        while (notes := fold(stream)) and time.monotonic() < ends:
            done += notes
        if time.monotonic() >= ends:
            break
    return done


def count_again(at: datetime) -> int:
    """What no sums can follow is counted anew, the oldest first; how many slices."""
    ends, done = time.monotonic() + TURN_S, 0
    stale = Counting.objects.filter(is_live=False, counted_at__lt=at - COUNT_EVERY).order_by("counted_at")
    related = stale.select_related(
        "organization", "slice_version__slice__stream", "slice_version__organization"
    )
    for counting in related[:50]:
        count_members(counting)
        done += 1
        if time.monotonic() >= ends:
            break
    return done


def check_daily(at: datetime) -> int:
    """Every live sum is held against a counting from nothing once a day, in jobs; how many were put down."""
    stale = Counting.objects.filter(is_live=True, counted_at__lt=at - CHECK_EVERY)
    with transaction.atomic():
        rows = list(stale.select_for_update(skip_locked=True).select_related("organization")[:200])
        for row in rows:
            enqueue("slices.check", organization=row.organization, version_id=row.slice_version_id)
        Counting.objects.filter(pk__in=[row.pk for row in rows]).update(counted_at=at)
    return len(rows)
