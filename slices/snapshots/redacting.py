"""Erased members leave a snapshot's files: the lines are written anew without them, what was made of the lines goes.

The manifest stays, and so does its hash; every line that is left still has its digest (`evidence.intact`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import IO, Any

import msgspec
from django.core.files.storage import default_storage

from slices.snapshots.building import spread
from slices.snapshots.exports import forget_exports
from slices.snapshots.files import Draft, alone, draft, replace
from slices.snapshots.models import Snapshot
from slices.snapshots.redactions import left_out, mark
from slices.snapshots.rows import rows_name
from teams.work.erasing import Doomed


class Named(msgspec.Struct):
    """As much of a line as says whose it is."""

    example_id: int


LINE = msgspec.json.Decoder(Named)


def erase_from_snapshots(doomed: Doomed) -> int:
    """Every snapshot that holds one of the examples is without it; how many snapshots that were.

    A snapshot that was being frozen when the examples were marked is found only now.
    """
    mark(doomed)
    marks = doomed.organization.redactions.filter(example_id__in=doomed.example_ids)
    rows = doomed.organization.snapshots.filter(pk__in=marks.values("snapshot"))
    found = list(rows.select_related("organization").order_by("pk"))
    for snapshot in found:
        redact(snapshot)
    return len(found)


def redact(snapshot: Snapshot) -> None:
    """Take out of a snapshot's files whatever is marked; done again, there is nothing to take out.

    How an expired snapshot's values were spread cannot be said anew, for its lines are gone: so nothing is said of it.
    """
    alone(snapshot.manifest_sha256)
    missing = left_out(snapshot)
    is_there = default_storage.exists(rows_name(snapshot))
    histograms = rewritten(snapshot, missing) if is_there else {}
    if missing:
        snapshot.organization.snapshots.filter(pk=snapshot.pk).update(histograms=histograms)
    forget_exports(snapshot)
    marks = snapshot.organization.redactions.filter(snapshot=snapshot, example_id__in=missing)
    marks.update(is_removed=True)


def rewritten(snapshot: Snapshot, missing: Collection[int]) -> dict[str, Any]:
    """Write the lines anew without some members; how the values of all others are spread."""
    name = rows_name(snapshot)
    with draft() as file:
        with default_storage.open(name) as lines:
            is_less = without(lines, missing, file)
        histograms, _by_label = spread(file.open_file, snapshot.fields)
        if is_less:
            file.open_file.seek(0, 2)
            replace(file, name)
    return histograms


def without(lines: IO[bytes], missing: Collection[int], file: Draft) -> bool:
    """Copy the lines of everybody else; whether any was left out."""
    is_less = False
    for line in lines:
        if LINE.decode(line).example_id in missing:
            is_less = True
        else:
            file.write(line)
    return is_less
