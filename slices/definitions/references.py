"""Slices as other conditions refer to them: by name, and the version's members as of the outer moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from projects.conditions import Condition
from projects.conditions.references import Reference, Target
from projects.streams.models import Stream
from slices.definitions.members import steps
from slices.definitions.models import Slice, SliceVersion


def check_no_circle(slice: Slice, condition: Any, params: Mapping[str, str]) -> None:
    """Raises ConditionError where the next condition of a slice leads back to it.

    The slices of a stream are changed one after another: two at once could close a circle that neither sees.
    """
    organization = slice.organization
    organization.streams.select_for_update(no_key=True).get(pk=slice.stream_id)
    Condition.from_json(condition, slice.stream, params=params, of=slice.slug)


class SliceResolver:
    """Knows the slices of a stream; those of other streams and organizations are not there."""

    def names(self, stream: Stream) -> list[str]:
        """Their addresses."""
        slices = stream.organization.slices.filter(stream=stream, family=None).order_by("slug")
        return list(slices.values_list("slug", flat=True))

    def targets(self, stream: Stream, wanted: Collection[Reference]) -> dict[Reference, Target]:
        """The versions that these stand for, by two queries at most; a name alone is its newest version."""
        floating = {one.name for one in wanted if one.version is None}
        pinned = [one for one in wanted if one.version is not None]
        found = {Reference(row.slice.slug): row for row in newest(stream, floating)} if floating else {}
        for row in numbered(stream, pinned) if pinned else ():
            found[Reference(row.slice.slug, row.version)] = row
        return {reference: target(row) for reference, row in found.items()}


def versions(stream: Stream, names: Collection[str]) -> QuerySet[SliceVersion]:
    """Versions of the slices of these names, with what their members are found by; a family has no members."""
    rows = stream.organization.slice_versions.filter(slice__stream=stream, slice__slug__in=names, params={})
    return rows.select_related("slice__stream", "organization")


def newest(stream: Stream, names: Collection[str]) -> QuerySet[SliceVersion]:
    """The newest version of each."""
    return versions(stream, names).order_by("slice_id", "-version").distinct("slice_id")


def numbered(stream: Stream, wanted: Collection[Reference]) -> QuerySet[SliceVersion]:
    """Every version that has the name and the number of one of these."""
    each = (Q(slice__slug=one.name, version=one.version) for one in wanted)
    return versions(stream, {one.name for one in wanted}).filter(reduce(or_, each))


def target(version: SliceVersion) -> Target:
    """A version as conditions know it."""

    def members(as_of: datetime) -> Q:
        *_before, (_name, last) = steps(version, as_of)
        return Q(pk__in=last.values("pk"))

    return Target(version.version, version.condition, members)
