"""Doing an import: batch by batch, each a transaction that also says how far it came."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.imported import Drawn
from labeling.answers.taking import take
from labeling.imports.auditing import audit
from labeling.imports.batches import Batch, batches
from labeling.imports.models import Import, RejectedRow
from labeling.imports.reading import Unreadable, reader_of
from labeling.imports.sources import files_of, format_of, opened
from labeling.tasks.models import SelectedBy
from projects.streams.receiving import Outcome, Received
from teams.access.problems import FieldError
from teams.events.actions import record
from teams.identity.models import Organization
from teams.identity.refused import Refused
from teams.work.jobs import stepwise

KEPT_ERRORS = 100_000  # rows of one import; the rest is only counted
JOB = "imports.run"


def gave_up(organization: Organization, import_id: int) -> None:
    """Every attempt went wrong on our side; what was taken stays, and it can be resumed."""
    row = current(organization, import_id)
    if row is not None and row.can_become(Import.State.FAILED):
        fail(
            row,
            _("Something went wrong on our side, several times; whoever runs the installation sees what."),
        )


@stepwise(JOB, given_up=gave_up)
def run(organization: Organization, import_id: int) -> Generator[None, None, None]:
    """Read on from where it is; stop where somebody has cancelled it."""
    row = current(organization, import_id)
    if row is None or row.state not in (Import.State.QUEUED, Import.State.RUNNING):
        return
    try:
        if row.state == Import.State.QUEUED:
            begin(row)
            yield
        yield from taken(row)
    except (Unreadable, Refused) as reason:
        stop(organization, import_id, reason)


def taken(row: Import) -> Iterator[None]:
    """Take batch after batch, to the end."""
    for batch in batches(row):
        now = current(row.organization, row.pk)
        if now is None or now.state != Import.State.RUNNING:
            return
        take_batch(now, batch)
        yield
    finish(row)


def current(organization: Organization, import_id: int) -> Import | None:
    """The import as it is now, held until the end of the transaction: whoever cancels it waits for the batch."""
    rows = organization.imports.select_related(
        "organization", "project", "stream__project", "audit_queue__stream"
    )
    return rows.select_for_update(of=("self",), no_key=True).filter(pk=import_id).first()


def begin(row: Import) -> None:
    """Find the files, settle the format, say how much there is."""
    row.files = files_of(row)
    row.format = format_of(row, row.files[0])
    changes = {
        "state": Import.State.RUNNING,
        "files": row.files,
        "format": row.format,
        "bytes_total": sum(file["size"] for file in row.files),
        "rows_total": rows_in(row),
        "started_at": row.started_at or timezone.now(),
    }
    row.organization.imports.filter(pk=row.pk).update(**changes)


def rows_in(row: Import) -> int | None:
    """How many rows there are, where that is cheap to know."""
    reader, total = reader_of(row.format), 0
    if reader.total is None:
        return None
    for file in row.files:
        with opened(row, file) as found:
            total += reader.total(found) or 0
    return total or None


@transaction.atomic
def take_batch(row: Import, batch: Batch) -> None:
    """Keep a batch, and that it is kept; or neither, where it is refused."""
    drawn = Drawn(SelectedBy.RANDOM) if row.drawn_by_lot else Drawn()
    rows = [read.row for read in batch.reads]
    received = take(stream=row.stream, rows=rows, mode=row.mode, drawn=drawn, by=row.created_by)
    keep_errors(row, batch, received)
    audit(row, batch, received)
    before = sum(file["size"] for file in row.files[: batch.file])
    row.organization.imports.filter(pk=row.pk).update(
        position=batch.position,
        bytes_done=before + batch.at,
        rows_done=F("rows_done") + len(rows),
        labels=F("labels") + received.labels,
        **{
            name: F(name) + getattr(received, name)
            for name in ("created", "updated", "unchanged", "rejected")
        },
    )


def keep_errors(row: Import, batch: Batch, received: Received) -> None:
    """Note the rows that were not taken, so that somebody can mend them."""
    room = max(0, KEPT_ERRORS - row.rejected)
    bad = [one for one in received.rows if one.outcome == "rejected"][:room]
    row.organization.rejected_rows.bulk_create(
        RejectedRow(
            organization_id=row.organization_id,
            source=row,
            place=place_of(row, batch, one.index),
            key=one.key,
            errors=errors_of(one),
        )
        for one in bad
    )


def place_of(row: Import, batch: Batch, index: int) -> str:
    """Where a row stands; in which file, if there are several."""
    place = batch.reads[index].place
    name = row.files[batch.file]["name"] if len(row.files) > 1 else ""
    return f"{name}: {place}"[:600] if name else place[:600]


def errors_of(outcome: Outcome) -> list[dict[str, Any]]:
    """What is wrong with a row; pointers start at the row."""
    errors: Sequence[FieldError] = outcome.errors if isinstance(outcome.errors, list) else []
    prefix = f"/examples/{outcome.index}"
    return [
        {"pointer": one.pointer.removeprefix(prefix), "code": one.code, "detail": one.detail}
        for one in errors
    ]


def finish(row: Import) -> None:
    """All is read."""
    now = current(row.organization, row.pk)
    if now is None or not now.can_become(Import.State.DONE):
        return
    end(now, Import.State.DONE)
    counts = {name: getattr(now, name) for name in ("created", "updated", "unchanged", "rejected", "labels")}
    record("import.done", organization=now.organization, subject=now, by=now.created_by, **counts)


def stop(organization: Organization, import_id: int, reason: Refused) -> None:
    """It cannot be read on; what was taken before stays."""
    row = current(organization, import_id)
    if row is not None and row.can_become(Import.State.FAILED):
        place = getattr(reason, "place", "")
        fail(row, f"{place}: {reason.sentence}" if place else str(reason.sentence))


def fail(row: Import, why: str) -> None:
    """Say so."""
    end(row, Import.State.FAILED, error=why[:2000])
    record("import.failed", organization=row.organization, subject=row, by=row.created_by, rows=row.rows_done)


def end(row: Import, state: Import.State, **more: Any) -> None:
    """From here on nothing happens by itself."""
    row.organization.imports.filter(pk=row.pk).update(state=state, ended_at=timezone.now(), **more)
