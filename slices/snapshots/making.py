"""Making an export: all of its files, or none. Killed at any moment, the next attempt makes the same ones."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from slices.snapshots.bench import Bench, Finished
from slices.snapshots.exports import FORMATS, KEPT, clear, folder_of, move
from slices.snapshots.files import keep, sha256_of
from slices.snapshots.models import Export
from slices.snapshots.rows import rows_name
from teams.identity.models import Organization
from teams.work.aside import aside, hold_on
from teams.work.models import Job

EVERY_S = 0.5  # seconds between two words about how far it is

Tell = Callable[[int], None]


class Cancelled(Exception):
    """Somebody called it off."""


class RowsChanged(Exception):
    """Something was erased from the rows meanwhile; what was made of them must not be kept."""


def make_by_job(organization: Organization, export_id: int) -> None:
    """What the job does: make what was asked for, telling how far it is. Called off, it leaves nothing."""
    export = organization.exports.select_related("snapshot__slice_version__slice", "job").get(pk=export_id)
    if export.state not in Export.GOING or export.job is None:
        return
    with aside() as cursor:
        try:
            make(export, Progress(export, export.job, cursor))
        except Cancelled:
            return


class Progress:
    """Says now and then how many rows are done, holds on to the job, and hears that it was called off."""

    def __init__(self, export: Export, job: Job, cursor: Any) -> None:
        self.export, self.job, self.cursor, self.next = export, job, cursor, 0.0

    def __call__(self, done: int) -> None:
        """So many rows are done. Raises Cancelled, and Superseded where another worker has the job now."""
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + EVERY_S
        hold_on(self.job, self.cursor)
        self.cursor.execute(SAY, [done, self.export.organization_id, self.export.pk])
        if not self.cursor.rowcount:
            raise Cancelled


SAY = """
UPDATE slices_export SET rows_done = %s, state = 'making'
WHERE organization_id = %s AND id = %s AND state IN ('queued', 'making')
"""


def make(export: Export, tell: Tell = lambda done: None) -> None:
    """Make the files, give them their names, and say that they are there. Raises Cancelled, RowsChanged."""
    snapshot, rows = export.snapshot, sha256_of(rows_name(export.snapshot))
    tell(0)
    with ExitStack() as stack:
        bench = Bench(snapshot, export.options, stack, tell)
        FORMATS[export.format].write(bench)
        if FORMATS[export.format].described:
            describe(bench, export)
        archive = packed(bench) if len(bench.files) > 1 else None
        with transaction.atomic():
            locked = export.organization.exports.select_for_update().get(pk=export.pk)
            if locked.state == Export.State.CANCELLED:
                raise Cancelled
            if sha256_of(rows_name(snapshot)) != rows:
                raise RowsChanged
            put_in_place(locked, bench, archive, f"{folder_of(locked)}/{rows[:16]}")


def put_in_place(export: Export, bench: Bench, archive: Finished | None, folder: str) -> None:
    """Give the files their names and say that they are there, while nobody else is at the export's row.

    Whatever a process that was killed in here has left is gone first; an erasure waits, and then finds them all.
    """
    if export.state != Export.State.READY:
        clear(export)
    values = {
        "shards": [kept(file, folder) for file in sorted(bench.files)],
        "archive": kept(archive, folder) if archive else None,
        "lossy": bench.lossy,
        "rows_done": bench.rows,
    }
    now = timezone.now()
    move(export, Export.State.READY, **values, ready_at=now, expires_at=now + KEPT, error="")


def kept(file: Finished, folder: str) -> dict[str, Any]:
    """Give a finished file its place; what is said of it."""
    digest, size = file.draft.running.hexdigest(), file.draft.length
    name = keep(file.draft, f"{folder}/{file.name}")
    return {"name": file.name, "bytes": size, "rows": file.rows, "sha256": digest, "kept_as": name}


def describe(bench: Bench, export: Export) -> None:
    """`export.json`: of what these files are, how they were made, what they cannot carry."""
    snapshot = bench.snapshot
    said = {
        "snapshot": snapshot.pk,
        "manifest_sha256": snapshot.manifest_sha256,
        "content_sha256": snapshot.content_sha256,
        "format": export.format,
        "options": export.options,
        "exporter_version": export.exporter_version,
        "rows": bench.rows,
        "lossy": bench.lossy,
        "files": [
            {
                "name": file.name,
                "bytes": file.draft.length,
                "rows": file.rows,
                "sha256": file.draft.running.hexdigest(),
            }
            for file in sorted(bench.files)
        ],
    }
    file = bench.draft()
    file.write(msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n")
    bench.finish("export.json", file)


def packed(bench: Bench) -> Finished:
    """All files in one, as they are: without times, owners or anything else that would differ tomorrow."""
    whole = bench.draft()
    name = f"{bench.stem}.tar"
    with tarfile.open(fileobj=whole, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(bench.files):
            entry = tarfile.TarInfo(f"{bench.stem}/{file.name}")
            entry.size = file.draft.length
            archive.addfile(entry, file.draft.again())
    return Finished(name, whole, bench.rows)
