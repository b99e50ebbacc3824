"""What a slice refers to, and what refers to it; and what changed from one of its versions to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from projects.conditions.references import Reference, references_in
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.saying import Chip, chips

MOST = 50


def refers_to(version: SliceVersion) -> list[Reference]:
    """The slices that its condition names, in order; nothing is looked up."""
    return references_in(version.condition)


def referred_by(found: Slice) -> list[Slice]:
    """The slices whose present condition names this one, by name; at most MOST."""
    versions = found.organization.slice_versions.filter(slice=OuterRef("pk")).order_by("-version")
    present = Subquery(versions.annotate(text=Cast("condition", TextField())).values("text")[:1])
    others = found.project.slices.filter(stream=found.stream_id).exclude(pk=found.pk)
    named = others.annotate(text=present).filter(text__contains="x_slice").filter(text__contains=found.slug)
    newest = {
        version.slice_id: version
        for version in found.organization.slice_versions.filter(slice__in=named)
        .order_by("slice_id", "-version")
        .distinct("slice_id")
    }
    rows: Iterable[Slice] = named.order_by("name", "pk")
    return [row for row in rows if found.slug in {one.name for one in refers_to(newest[row.pk])}][:MOST]


class Change(NamedTuple):
    """A version, and what it takes that the one before it did not, and the other way round."""

    version: SliceVersion
    added: list[Chip]
    removed: list[Chip]
    first: bool


def changes(found: Slice, n: int) -> list[Change]:
    """The newest versions, each against the one before it."""
    rows = found.versions.select_related("created_by").order_by("-version")
    versions = list(rows[: n + 1])
    pairs = zip(versions[:n], [*versions[1:], None], strict=False)
    return [change(version, before) for version, before in pairs]


def change(version: SliceVersion, before: SliceVersion | None) -> Change:
    """What one version changed."""
    if before is None:
        return Change(version, [], [], True)
    now, then = chips(version), chips(before)
    return Change(
        version, [one for one in now if one not in then], [one for one in then if one not in now], False
    )
