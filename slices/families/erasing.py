"""A child is named by a value of its examples; when the last of them is erased, that value goes too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils import timezone

from projects.schemas.fields import field_specs
from projects.streams.changes import READ
from projects.streams.models import Stream
from slices.definitions import images
from slices.definitions.counting import hold
from slices.definitions.erasing import put_notes_away
from slices.definitions.routers import router_of
from slices.families.models import Child
from teams.work.erasing import Doomed

ROWS = f"""
SELECT {", ".join(READ)} FROM projects_example
WHERE organization_id = %(organization)s AND stream_id = %(stream)s AND id = ANY(%(ids)s)
"""  # noqa: S608 - names of our own columns


def mark_children(doomed: Doomed) -> int:
    """While the examples are still here: note which children lose one; how many."""
    organization = doomed.organization
    theirs = organization.examples.filter(pk__in=doomed.example_ids).values("stream")
    with_families = organization.families.values("slice__stream")
    marked = 0
    for stream in organization.streams.filter(pk__in=theirs).filter(pk__in=with_families).order_by("pk"):
        for version, keys in keys_of(stream, doomed).items():
            children = organization.children.filter(family__slice__versions=version, key__in=keys)
            marked += children.update(bereft_at=timezone.now())
    return marked


def keys_of(stream: Stream, doomed: Doomed) -> dict[int, set[str]]:
    """{slice version: keys of its children} of the examples."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    router = router_of(stream)
    for row in rows_of(stream, doomed):
        for place in router.places(row):
            if place.key:
                found[place.version_id].add(place.key)
    return found


def rows_of(stream: Stream, doomed: Doomed) -> Iterator[dict[str, Any]]:
    """The examples of one stream as its router reads them."""
    specs = field_specs(stream.fields)
    values: dict[str, Any] = {
        "organization": stream.organization_id,
        "stream": stream.pk,
        "ids": list(doomed.example_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(ROWS, values)
        for columns in cursor.fetchall():
            yield images.now(columns, specs)


def erase_children(doomed: Doomed) -> int:
    """Remove the marked children that nobody is left of, with their counts; how many. Raises NotYet during a count.

    One that was frozen stays: the snapshot says for which value it was made, and models stand on it.
    """
    put_notes_away(doomed)  # from here on the counts know that the examples are gone
    organization = doomed.organization
    bereft = organization.children.filter(bereft_at__isnull=False)
    for stream in organization.streams.filter(pk__in=bereft.values("family__slice__stream")).order_by("pk"):
        hold(stream)
    return sum(let_go(child) for child in bereft.select_related("family__slice").order_by("pk"))


def let_go(child: Child) -> bool:
    """Remove one if nothing is left of it; whether it was. Should its value arrive again, it is there anew."""
    organization, made = child.organization, child.family.slice
    counts = organization.slice_counts.filter(slice_version__slice=made, key=child.key)
    is_frozen = organization.snapshots.filter(slice_version__slice=made, params=child.values).exists()
    if is_frozen or counts.exclude(n=0).exists():
        organization.children.filter(pk=child.pk).update(bereft_at=None)
        return False
    counts.delete()
    organization.children.filter(pk=child.pk).delete()
    return True
