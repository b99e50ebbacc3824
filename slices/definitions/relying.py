"""What slices rely on: the attributes that they speak of, as they are now and as others refer to them."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from projects.conditions.references import Reference, references_in
from projects.streams.dependents import Dependent
from projects.streams.models import Stream
from slices.definitions.meaning import spoken_of
from slices.definitions.models import SliceVersion
from slices.definitions.references import numbered


def relying_slices(stream: Stream) -> Iterator[Dependent]:
    """The slices and families of a stream: their newest versions, and older ones that these refer to by number."""
    for version in versions_in_use(stream):
        called = _("the slice “%(name)s”") % {"name": version.slice.name}
        spoken = spoken_of(version.condition, version.dedupe, version.sample)
        yield Dependent(called, frozenset(spoken))


def versions_in_use(stream: Stream) -> Iterator[SliceVersion]:
    """The newest of each slice, then what any of them refers to by number, further and further."""
    rows = stream.organization.slice_versions.filter(slice__stream=stream).select_related("slice")
    found = list(rows.order_by("slice_id", "-version").distinct("slice_id"))
    known = {Reference(row.slice.slug, row.version) for row in found}
    while found:
        yield from found
        named = {one for row in found for one in references_in(row.condition) if one.version is not None}
        found = list(numbered(stream, sorted(named - known))) if named - known else []
        known |= named
