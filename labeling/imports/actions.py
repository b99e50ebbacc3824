"""What people and machines do with imports: bring a file, say how it is read, start, cancel, resume."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.people import name_people
from labeling.imports.models import Import
from labeling.imports.reading import FORMATS
from labeling.imports.running import JOB
from labeling.imports.settings import Settings
from labeling.imports.storing import Stored
from projects.streams import stores
from projects.streams.models import Stream
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused
from teams.work.jobs import enqueue


@transaction.atomic
def draft_upload(*, stream: Stream, name: str, stored: Stored, by: User | None) -> Import:
    """An import of an uploaded file, still to be told how it is read."""
    return _make(stream, name, by, stored=stored.name, sha256=stored.sha256, bytes_total=stored.size)


@transaction.atomic
def draft_address(*, stream: Stream, uri: str, by: User | None) -> Import:
    """An import of what a store has at an address. Raises Refused (422) where the organization may not have it read."""
    stores.place(stream.organization, uri)
    return _make(stream, uri, by, uri=uri)


def _make(stream: Stream, name: str, by: User | None, **source: Any) -> Import:
    row: Import = stream.organization.imports.create(
        project=stream.project, stream=stream, name=name[:500], created_by=by, **source
    )
    return row


@transaction.atomic
def start(*, row: Import, settings: Settings, by: User | None) -> None:
    """Settle how a draft is read, and begin. Raises Invalid with all that is wrong, Refused if it is no draft."""
    if row.state != Import.State.DRAFT:
        raise Refused(_("This import was started already."))
    check_has_source(row)
    errors = check_settings(row, settings)
    if errors:
        raise Invalid(errors)
    name_people(project=row.project, people=settings.people, by=by)
    row.organization.imports.filter(pk=row.pk).update(
        format=settings.format,
        options=msgspec.to_builtins(settings.options),
        mode=settings.mode,
        trust=settings.trust,
        audit_percent=settings.audit_percent if settings.trust == Import.Trust.AUDITED else 0,
        audit_queue=settings.audit_queue if settings.trust == Import.Trust.AUDITED else None,
        drawn_by_lot=settings.drawn_by_lot,
    )
    _queue(row, by)


def check_settings(row: Import, settings: Settings) -> list[FieldError]:
    """What is wrong with what was said."""
    errors = []
    if settings.format and settings.format not in FORMATS.readers:
        known = ", ".join(FORMATS.readers)
        errors.append(FieldError("/format", "unknown_format", f"The formats are: {known}."))
    if settings.trust == Import.Trust.AUDITED:
        errors += check_audit(row, settings)
    members = (
        {address.lower() for address in row.organization.memberships.values_list("user__email", flat=True)}
        if settings.people
        else set()
    )
    errors += [
        FieldError("/people", "unknown_member", f"No member has the address {address[:100]}.")
        for address in settings.people.values()
        if address.lower() not in members
    ]
    return errors


def check_audit(row: Import, settings: Settings) -> list[FieldError]:
    """Checking needs a share, and a queue of the stream with places for people."""
    errors, queue = [], settings.audit_queue
    if not 0 < settings.audit_percent <= 100:
        errors.append(FieldError("/audit_percent", "out_of_range", "A share is above 0 and at most 100 %."))
    if queue is None or queue.stream_id != row.stream_id or queue.holds_imports:
        errors.append(
            FieldError("/audit_queue", "unknown_queue", "Choose a queue of this stream where people answer.")
        )
    return errors


@transaction.atomic
def cancel(*, row: Import, by: User | None) -> None:
    """Take no more of it; what was taken stays. Raises Refused where it has ended."""
    row = locked(row)
    check_move(row, Import.State.CANCELLED, _("This import has ended already."))
    row.organization.imports.filter(pk=row.pk).update(state=Import.State.CANCELLED, ended_at=timezone.now())
    record("import.cancelled", organization=row.organization, subject=row, by=by, rows=row.rows_done)


@transaction.atomic
def resume(*, row: Import, by: User | None) -> None:
    """Go on where it stopped. Raises Refused where it has not, or its file is gone."""
    row = locked(row)
    check_resume(row)
    _queue(row, by)


def check_cancel(row: Import) -> None:
    """Only what has not ended can be cancelled."""
    check_move(row, Import.State.CANCELLED, _("This import has ended already."))


def check_resume(row: Import) -> None:
    """What stopped can go on, while its file is there."""
    if row.state not in (Import.State.FAILED, Import.State.CANCELLED):
        raise Refused(_("Only an import that failed or was cancelled can be resumed."))
    check_has_source(row)


def check_has_source(row: Import) -> None:
    """There must be something to read."""
    if not row.stored and not row.uri:
        raise Refused(
            _("Its file is kept no longer; send it again, and rows that are here stay as they are.")
        )


def check_move(row: Import, state: Any, sentence: str) -> None:
    """Raises Refused where the table of moves does not know it."""
    if not row.can_become(state):
        raise Refused(sentence)


def locked(row: Import) -> Import:
    """The row as it is now, held until the end of the transaction: a batch that is being taken ends first."""
    found: Import = row.organization.imports.select_for_update(no_key=True).get(pk=row.pk)
    return found


def _queue(row: Import, by: User | None) -> None:
    organization = row.organization
    moved = organization.imports.filter(pk=row.pk).exclude(state=Import.State.QUEUED)
    if moved.update(state=Import.State.QUEUED, ended_at=None, error=""):
        enqueue(JOB, organization=organization, import_id=row.pk)
        record("import.queued", organization=organization, subject=row, by=by)


def old_files(before: datetime) -> models.QuerySet[Import]:
    """Imports whose file nobody needs: done, or left alone since then."""
    left = Q(ended_at__lt=before) | Q(state=Import.State.DRAFT, created_at__lt=before)
    rows = Import.objects.exclude(stored="").filter(Q(state=Import.State.DONE) | left)
    return (
        rows.exclude(state__in=[Import.State.QUEUED, Import.State.RUNNING])
        .select_related("organization")
        .order_by("created_at")
    )
