"""The router of each stream, kept for as long as its live slices stay what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet

from projects.conditions import ConditionError
from projects.streams.models import Stream
from projects.streams.splits import cuts_of
from slices.definitions.meaning import counted_by
from slices.definitions.models import SliceVersion
from slices.definitions.routing import Filed, Router, entry_of


@dataclass(frozen=True, slots=True)
class Kept:
    """A router, and what it was made of."""

    stamp: str
    router: Router


_kept: dict[int, Kept] = {}


def router_of(stream: Stream) -> Router:
    """The router of a stream's live slices; made anew when any of them, or what they may speak of, changed."""
    live = stream.organization.countings.filter(slice_version__slice__stream=stream, is_live=True)
    seen = live.aggregate(last=Max("pk"), n=Count("pk"))
    cuts = stream.split_policies.aggregate(last=Max("pk"))
    stamp = repr((seen, cuts, stream.fields))
    kept = _kept.get(stream.pk)
    if kept is None or kept.stamp != stamp:
        versions = stream.organization.slice_versions.filter(counting__in=live)
        kept = _kept[stream.pk] = Kept(stamp, Router(entries(stream, versions)))
    return kept.router


def entries(stream: Stream, versions: QuerySet[SliceVersion]) -> Iterator[Filed]:
    """Live versions as the router files them; one that no longer makes sense takes nothing."""
    cuts = cuts_of(stream)
    for version in versions:
        try:
            condition = counted_by(version, stream)
        except ConditionError:
            continue
        yield entry_of(version, condition, cuts)
