"""Batch after batch over the rows of a stream, because its attributes change: looking, filling a column, emptying it.

A batch and how far it came are one transaction: whatever is killed, nothing is done twice and nothing is left out.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from projects.schemas.fields import PROMOTED, field_specs
from projects.streams.contradictions import BATCH, Contradicted, look, narrowed, sentence_of
from projects.streams.declaring import END, apply, check_relied_on, end, planned, revision_of
from projects.streams.fieldlocks import change_alone, hold_row
from projects.streams.models import FieldWork
from teams.events.actions import record
from teams.identity.models import Organization
from teams.identity.refused import Refused

# Rows are locked in the order of their keys, as arriving batches lock them: neither waits for the other in a circle.
NEXT = """
WITH batch AS (
    SELECT id, key FROM projects_example
    WHERE organization_id = %(organization)s AND stream_id = %(stream)s AND id > %(at)s AND id <= %(upto)s
    ORDER BY id LIMIT %(most)s
)
SELECT example.id FROM projects_example AS example
WHERE example.organization_id = %(organization)s AND example.id IN (SELECT id FROM batch)
ORDER BY example.key COLLATE "C" FOR NO KEY UPDATE
"""
VALUE = {
    "k": "CASE WHEN jsonb_typeof(attributes -> %(name)s) = 'string' THEN attributes ->> %(name)s END",
    "n": "CASE WHEN jsonb_typeof(attributes -> %(name)s) = 'number' THEN (attributes ->> %(name)s)::float8 END",
}
WRITE = """
UPDATE projects_example SET {column} = {value}
WHERE organization_id = %(organization)s AND id = ANY(%(ids)s) AND {column} IS DISTINCT FROM {value}
"""


@transaction.atomic
def step(*, organization: Organization, work_id: int) -> bool:
    """The next batch of a work, or what it was for at the end; whether there is more to do."""
    works = organization.field_works.select_for_update(of=("self",)).select_related("stream__organization")
    work = works.filter(pk=work_id, state=FieldWork.State.RUNNING).first()
    if work is None:
        return False
    done = check_rows(work) if work.kind == FieldWork.Kind.CHECK else fill(work)
    if not done:
        work.save(update_fields=["at_id", "upto", "seen", "found"])
    return not done


def fill(work: FieldWork) -> bool:
    """Write the column of a batch of rows; True when there was none left.

    What then follows asks for the stream, and does so without holding a row: whoever has the stream may be waiting for
    a batch that waits for the row.
    """
    ids = next_ids(work)
    if not ids:
        settle(work)
        return True
    write(work, ids)
    work.at_id, work.seen = max(ids), work.seen + len(ids)
    return False


def next_ids(work: FieldWork) -> list[int]:
    """The rows of a batch, locked."""
    values = {
        "organization": work.organization_id,
        "stream": work.stream_id,
        "at": work.at_id,
        "upto": work.upto,
        "most": BATCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEXT, values)
        return [pk for (pk,) in cursor.fetchall()]


def write(work: FieldWork, ids: list[int]) -> None:
    """Fill or empty the column of some rows; where it is right already nothing is written."""
    value = VALUE[work.column[0]] if work.kind == FieldWork.Kind.PROMOTE else "NULL"
    values: dict[str, Any] = {"organization": work.organization_id, "ids": ids, "name": work.name}
    with connection.cursor() as cursor:
        cursor.execute(WRITE.format(column=work.column, value=value), values)


def settle(work: FieldWork) -> None:
    """All rows are done: conditions may use the column from now on, or it is free for another attribute."""
    stream, organization = work.stream, work.organization
    hold_row(stream)
    rows = [settled(row, work) if row["name"] == work.name else row for row in stream.fields]
    organization.streams.filter(pk=stream.pk).update(fields=rows)
    end(
        organization.field_works.filter(pk=work.pk),
        FieldWork.State.DONE,
        at_id=work.upto,
        seen=work.seen,
    )
    kind = "stream.field_promoted" if work.kind == FieldWork.Kind.PROMOTE else "stream.field_demoted"
    record(kind, organization=organization, subject=stream, by=work.by, name=work.name, column=work.column)


def settled(row: dict[str, Any], work: FieldWork) -> dict[str, Any]:
    """The declaration of an attribute whose column is full, or empty."""
    if work.kind == FieldWork.Kind.PROMOTE:
        return row | {"state": PROMOTED}
    return {name: value for name, value in row.items() if name not in ("column", "state")}


def check_rows(work: FieldWork) -> bool:
    """Look at a batch; after the last one, apply what was wanted or say why not. True when it ended."""
    try:
        rows = planned(work.stream, work.wanted or [])
        specs = narrowed(field_specs(work.stream.fields), field_specs(rows))
        work.at_id, n = look(work.stream, specs, work.found, work.at_id, work.upto)
        work.seen += n
        if n == BATCH and work.at_id < work.upto:
            return False
        conclude(work)
    except Refused as refusal:
        refuse(work, refusal)
    return True


def conclude(work: FieldWork) -> None:
    """Look at what arrived meanwhile, while nothing arrives, and apply. Raises Refused where it cannot be."""
    stream = work.stream
    change_alone(stream)
    if revision_of(stream) != work.revision:
        raise Refused("The attributes were changed meanwhile.", code="stale")
    rows = planned(stream, work.wanted or [])
    check_relied_on(stream, rows)
    specs = narrowed(field_specs(stream.fields), field_specs(rows))
    n = BATCH
    while n == BATCH:
        work.at_id, n = look(stream, specs, work.found, work.at_id, END)
        work.seen += n
    if work.found:
        raise Contradicted(work.found, work.seen)
    end(
        stream.organization.field_works.filter(pk=work.pk),
        FieldWork.State.DONE,
        at_id=work.at_id,
        seen=work.seen,
    )
    apply(stream, rows, work.by)


def refuse(work: FieldWork, refusal: Refused) -> None:
    """It is not applied; the page and the API say why."""
    said = sentence_of(work.found, work.seen) if work.found else str(refusal.sentence)
    works = work.organization.field_works.filter(pk=work.pk)
    end(works, FieldWork.State.REFUSED, at_id=work.at_id, seen=work.seen, found=work.found, refusal=said)
    record(
        "stream.fields_refused",
        organization=work.organization,
        subject=work.stream,
        by=work.by,
        code=refusal.code,
        rows=sum(one["n"] for one in work.found.values()),
    )
