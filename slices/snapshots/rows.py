"""What the members of a snapshot held at the moment it was frozen: one line of JSON each, put together by PostgreSQL.

Examples may be changed afterwards, so what they held is written down with the manifest, in the transaction
that read it. Snapshots with equal contents share the file. Whatever is handed out of a snapshot, in whatever
format, is made from these lines: what is erased here is in none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import IO, NamedTuple

import msgspec
from django.core.exceptions import EmptyResultSet
from django.core.files.storage import default_storage
from django.db import connection

from slices.definitions.members import NONE, Values
from slices.definitions.models import SliceVersion
from slices.snapshots.composing import statement
from slices.snapshots.models import Snapshot
from slices.snapshots.redactions import left_out

VERSION = 2  # of the layout of a line and of its digest; snapshots say which is theirs (`evidence_version`)
CHUNK = 1024 * 1024
BATCH = 200  # members in memory at a time: libpq holds a buffer for each, and with few of them they stay in the cache
SEPARATOR = b"\x1f"  # no JSON text holds one
COPY = "COPY ({LINES}) TO STDOUT (FORMAT csv, DELIMITER E'\\x1f', QUOTE E'\\x01')"


class Said(msgspec.Struct):
    """What one model had said of an example."""

    model: str
    version: str
    label: str
    confidence: float | None


class Row(msgspec.Struct):
    """One line, read back; `answer` and `attributes` stay JSON text. Older snapshots hold no predictions."""

    example_id: int
    split: str
    annotation_id: int | None
    answer: msgspec.Raw
    attributes: msgspec.Raw
    captured_at: str
    key: str
    label: str | None
    media_type: str
    media_uri: str
    text: str
    predictions: list[Said] = []


class Line(NamedTuple):
    """A line and the row that it says."""

    raw: bytes
    row: Row


class Batch(NamedTuple):
    """Some members: their lines in the manifest, what they hold, and the label schemas that were answered."""

    members: list[bytes]
    lines: list[bytes]
    schemas: set[bytes]


def batches(version: SliceVersion, as_of: datetime, values: Values = NONE) -> Iterator[Batch]:
    """The members in order of example, as the server finds them: memory stays flat."""
    try:
        lines = statement(version, as_of, values)
    except EmptyResultSet:  # nobody can be in it, and there is nothing to ask
        return
    with connection.cursor() as cursor:
        with cursor.copy(COPY.replace("{LINES}", lines.sql), lines.values) as copied:
            rest = iter(copied)
            while read := b"".join(islice(rest, BATCH)):
                cells = read.replace(b"\n", SEPARATOR).split(SEPARATOR)
                yield Batch(cells[:-1:3], cells[1::3], set(cells[2::3]))


def name_of(organization_id: int, version: int, manifest_sha256: str, content_sha256: str) -> str:
    """Where the lines are kept: a name that only snapshots with equal members and contents share."""
    return f"{organization_id}/rows/v{version}/{manifest_sha256}-{content_sha256[:32]}.jsonl"


def rows_name(snapshot: Snapshot) -> str:
    """Where the lines of a snapshot are kept."""
    hashes = (snapshot.manifest_sha256, snapshot.content_sha256)
    return name_of(snapshot.organization_id, snapshot.evidence_version, *hashes)


def read(snapshot: Snapshot) -> Iterator[list[Line]]:
    """The lines of a snapshot, about a megabyte at a time, without those of members that were erased."""
    decoder, missing = msgspec.json.Decoder(Row), left_out(snapshot)
    with default_storage.open(rows_name(snapshot)) as file:
        while raw := file.readlines(CHUNK):
            lines = [Line(line, decoder.decode(line)) for line in raw]
            yield [line for line in lines if line.row.example_id not in missing] if missing else lines


def find(snapshot: Snapshot, example_id: int) -> Row | None:
    """The row of one example, by bisecting the file: its lines are in order of example."""
    if example_id in left_out(snapshot):
        return None
    decoder = msgspec.json.Decoder(Row)
    name = rows_name(snapshot)
    low, high = 0, default_storage.size(name)  # the line begins in [low, high)
    with default_storage.open(name) as file:
        while low < high:
            middle = (low + high) // 2
            start, line = line_from(file, middle, low)
            row = decoder.decode(line)
            if row.example_id == example_id:
                return row
            low, high = (start + len(line), high) if row.example_id < example_id else (low, start)
    return None


def line_from(file: IO[bytes], at: int, low: int) -> tuple[int, bytes]:
    """(start, line) of the line that the byte `at` lies in; none begins before `low`."""
    start, step = at, 1024
    while start > low:
        begin = max(low, start - step)
        file.seek(begin)
        cut = file.read(start - begin).rfind(b"\n")
        if cut >= 0:
            start = begin + cut + 1
            break
        start, step = begin, step * 2
    file.seek(start)
    return start, file.readline()
