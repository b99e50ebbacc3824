"""A snapshot as files: asked for, made by a job, kept for two weeks, and made again byte for byte.

Everything is made from the snapshot's stored lines, so nothing that was erased there is in any of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.conditions.canonical import dumps
from slices.snapshots import cells, coco, huggingface, lines, parquet
from slices.snapshots.bench import Bench
from slices.snapshots.files import empty
from slices.snapshots.models import Export, Snapshot
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused
from teams.work.jobs import enqueue
from teams.work.models import Job

KEPT = timedelta(days=14)
AT_ONCE = 200  # exports that one turn of the clock puts away


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of files: how they are made, by which version of what, and which options that takes."""

    name: str
    title: str | Promise
    content_type: str
    write: Callable[[Bench], None]
    version: str
    options: frozenset[str] = frozenset()
    described: bool = True  # whether an `export.json` says what it is and what it lost


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format(
            "jsonl",
            "JSONL",
            "application/jsonl",
            lines.write_jsonl,
            lines.VERSION,
            frozenset({"media"}),
            described=False,
        ),
        Format(
            "jsonl.gz",
            gettext_lazy("JSONL, packed"),
            "application/gzip",
            lines.write_gzip,
            lines.GZIP_VERSION,
            frozenset({"media"}),
            described=False,
        ),
        Format(
            "parquet",
            "Parquet",
            "application/vnd.apache.parquet",
            parquet.write_parquet,
            parquet.VERSION,
            frozenset({"media", "rows_per_file"}),
        ),
        Format(
            "csv",
            gettext_lazy("CSV for spreadsheets"),
            "text/csv; charset=utf-8",
            cells.write_csv,
            cells.VERSION,
            described=False,
        ),
        Format("coco", "COCO", "application/json", coco.write_coco, coco.VERSION),
        Format(
            "huggingface",
            "Hugging Face",
            "application/vnd.apache.parquet",
            huggingface.write_huggingface,
            huggingface.VERSION,
            frozenset({"media", "rows_per_file"}),
        ),
    )
}


def content_type_of(name: str) -> str:
    """What a file of an export is, by its name."""
    kinds = {
        ".jsonl": "application/jsonl",
        ".gz": "application/gzip",
        ".parquet": "application/vnd.apache.parquet",
        ".csv": "text/csv; charset=utf-8",
        ".json": "application/json",
        ".md": "text/markdown; charset=utf-8",
        ".tar": "application/x-tar",
    }
    return next((kind for ending, kind in kinds.items() if name.endswith(ending)), "application/octet-stream")


@transaction.atomic
def request_export(
    *, snapshot: Snapshot, format: str, options: Mapping[str, Any] | None = None, by: User | None
) -> Export:
    """The export of a snapshot in a format: the one that is there or being made, else a new job for it."""
    export = placed(snapshot, format, options or {}, by)
    row = snapshot.organization.exports.select_for_update().get(pk=export.pk)
    if row.state in Export.GOING and row.job_id is not None:
        return row
    if row.state == Export.State.READY:
        return row
    job = enqueue("snapshots.export", organization=snapshot.organization, export_id=row.pk)
    move(row, Export.State.QUEUED, job=job, error="", rows_done=0, asked_by=by, asked_at=timezone.now())
    record(
        "snapshot.export_asked",
        organization=row.organization,
        subject=snapshot,
        by=by,
        format=format,
        export=row.pk,
    )
    return row


def placed(snapshot: Snapshot, format: str, options: Mapping[str, Any], by: User | None) -> Export:
    """The row of an export, made when it is not there; one format and set of options is one row."""
    row, _new = snapshot.organization.exports.get_or_create(
        snapshot=snapshot,
        format=format,
        options_sha256=hashlib.sha256(dumps(dict(options)).encode()).hexdigest(),
        exporter_version=FORMATS[format].version,
        defaults={"options": dict(options), "rows_total": snapshot.n_total, "asked_by": by},
    )
    return row


def move(export: Export, state: Export.State | str, **values: Any) -> None:
    """The next state of an export. Raises Refused where there is no such move."""
    if state != export.state and state not in Export.MOVES[export.state]:
        raise Refused(_("This export is %(state)s.") % {"state": export.get_state_display()})
    values["state"] = state
    export.organization.exports.filter(pk=export.pk).update(**values)
    for name, value in values.items():
        setattr(export, name, value)


def check_cancel(export: Export) -> None:
    """Only what is not over can be called off."""
    if export.state not in Export.GOING:
        raise Refused(_("This export is %(state)s.") % {"state": export.get_state_display()})


@transaction.atomic
def cancel_export(*, export: Export, by: User | None) -> Export:
    """Call an export off; the job that makes it stops at its next look."""
    row = export.organization.exports.select_for_update().get(pk=export.pk)
    check_cancel(row)
    clear(row)
    move(row, Export.State.CANCELLED)
    record(
        "snapshot.export_cancelled",
        organization=row.organization,
        subject=row.snapshot,
        by=by,
        format=row.format,
        export=row.pk,
    )
    return row


def files_of(export: Export) -> list[dict[str, Any]]:
    """Every file of an export, the one that holds all others last."""
    return [*export.shards, *([export.archive] if export.archive else [])]


def file_of(export: Export, name: str) -> dict[str, Any] | None:
    """One file by its name; None where there is none, or none any more."""
    if export.state != Export.State.READY:
        return None
    return next((file for file in files_of(export) if file["name"] == name), None)


def folder_of(export: Export) -> str:
    """Where all files of an export are kept, those of earlier attempts too; nothing else is there."""
    return f"{export.organization_id}/exports/{export.pk}"


def clear(export: Export) -> int:
    """Take away every file of an export, also those that no row names; how many, without the digests beside them.

    Its row is held by the caller: somebody may be about to put files there.
    """
    return empty(folder_of(export))


@transaction.atomic
def forget_exports(snapshot: Snapshot) -> int:
    """Put away every export of a snapshot whose rows have changed, as an erasure changes them; the number of files.

    One that is being made meanwhile notices by itself that its rows are others, and begins again; one that is about to
    be ready is waited for; and what a maker that was killed has left goes, whatever became of its export.
    """
    removed = 0
    for row in snapshot.organization.exports.select_for_update().filter(snapshot=snapshot).order_by("pk"):
        removed += clear(row)
        if row.state == Export.State.READY:
            put_away(row)
    return removed


def put_away(export: Export) -> None:
    """What was made is gone; asked for again, it is made again."""
    move(export, Export.State.EXPIRED, shards=[], archive=None, expires_at=None)


def expire(at: datetime) -> int:
    """Exports that were kept long enough go; the clock calls it."""
    over = Export.objects.filter(state=Export.State.READY, expires_at__lt=at).order_by("expires_at")
    return sum(expire_one(pk, at) for pk in list(over.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def expire_one(export_id: int, at: datetime) -> bool:
    """One of them, unless somebody else is at it."""
    rows = Export.objects.select_for_update(skip_locked=True).select_related(None)
    row = rows.filter(pk=export_id, state=Export.State.READY, expires_at__lt=at).first()
    if row is None:
        return False
    clear(row)
    put_away(row)
    return True


def give_up(at: datetime) -> int:
    """Exports whose job has given up say so; the clock calls it."""
    stuck = Export.objects.filter(state__in=Export.GOING, job__state=Job.State.DEAD)
    return sum(give_up_one(pk, error) for pk, error in list(stuck.values_list("pk", "job__error")[:AT_ONCE]))


@transaction.atomic
def give_up_one(export_id: int, error: str) -> bool:
    """One of them, with whatever its last attempt has left."""
    rows = Export.objects.select_for_update(skip_locked=True)
    row = rows.filter(pk=export_id, state__in=Export.GOING).first()
    if row is None:
        return False
    clear(row)
    move(row, Export.State.FAILED, error=error)
    return True
