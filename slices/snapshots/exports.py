"""A snapshot as files: made from what was written down when it was frozen, byte for byte the same every time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.files.storage import default_storage

from projects.streams import media
from projects.streams.media import SCHEME
from projects.streams.models import Media
from slices.snapshots.files import Draft, draft, keep
from slices.snapshots.models import Snapshot
from slices.snapshots.rows import Line, Row, read, rows_name

FORMATS = {"jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}
VERSION = 1  # of the files made here; another layout is another file

COLUMNS: dict[str, Callable[[Row], object]] = {
    "example_id": lambda row: row.example_id,
    "key": lambda row: row.key,
    "split": lambda row: row.split,
    "label": lambda row: row.label,
    "answer": lambda row: bytes(row.answer).decode(),
    "captured_at": lambda row: row.captured_at,
    "attributes": lambda row: bytes(row.attributes).decode(),
    "text": lambda row: row.text,
    "media_uri": lambda row: row.media_uri,
    "media_type": lambda row: row.media_type,
    "annotation_id": lambda row: row.annotation_id,
}
NUMBERS = ("example_id", "annotation_id")
PICTURES = "media_base64"
FEW = 100  # pictures in memory at a time

Pictures = dict[str, bytes]


def exported(snapshot: Snapshot, kind: str, *, inline: bool) -> str:
    """The name of a snapshot's file in one of FORMATS; `inline` puts uploaded pictures into its rows.

    The lines of the snapshot are such a file; any other is made from them at the first call, and kept.
    """
    if kind == "jsonl" and not inline:
        return rows_name(snapshot)
    content = f"{snapshot.manifest_sha256}-{snapshot.content_sha256[:32]}"
    name = f"{snapshot.organization_id}/exports/v{VERSION}/{content}{'-media' if inline else ''}.{kind}"
    if not default_storage.exists(name):
        with draft() as file:
            write = write_parquet if kind == "parquet" else write_jsonl
            write(snapshot, file, inline)
            keep(file, name)
    return name


def write_jsonl(snapshot: Snapshot, file: Draft, inline: bool) -> None:
    """The lines as they are, each with its picture."""
    for lines, pictures in with_pictures(snapshot, inline):
        for line in lines:
            shown = b'"%b"' % pictures[line.row.media_uri] if line.row.media_uri in pictures else b"null"
            file.write(b'%b,"%b":%b}\n' % (line.raw[:-2], PICTURES.encode(), shown))


def write_parquet(snapshot: Snapshot, file: Draft, inline: bool) -> None:
    """One row a member; answer and attributes as JSON text."""
    types = [(name, pa.int64() if name in NUMBERS else pa.string()) for name in COLUMNS]
    schema = pa.schema(types + ([(PICTURES, pa.string())] if inline else []))
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for lines, pictures in with_pictures(snapshot, inline):
            columns = [[value(line.row) for line in lines] for value in COLUMNS.values()]
            if inline:
                columns.append([pictures.get(line.row.media_uri) for line in lines])
            writer.write_table(pa.table(columns, schema=schema))


def with_pictures(snapshot: Snapshot, inline: bool) -> Iterator[tuple[list[Line], Pictures]]:
    """The lines in batches, each batch with its uploaded pictures in base64, by address."""
    for lines in read(snapshot):
        if not inline:
            yield lines, {}
            continue
        for start in range(0, len(lines), FEW):
            part = lines[start : start + FEW]
            yield part, pictures_of(snapshot, part)


def pictures_of(snapshot: Snapshot, lines: list[Line]) -> Pictures:
    """Uploaded pictures of some lines; media that is kept elsewhere, or was lost, is not among them."""
    uris = {line.row.media_uri for line in lines if line.row.media_uri.startswith(SCHEME)}
    kept = snapshot.organization.media.filter(digest__in=[uri.removeprefix(SCHEME) for uri in uris])
    pictures = {}
    for row in kept:
        with suppress(FileNotFoundError):
            pictures[SCHEME + row.digest] = base64.b64encode(media.read(row))
    return pictures


def picture_of(snapshot: Snapshot, row: Row) -> Media | None:
    """The uploaded picture of one member, as it was frozen; None when it lies elsewhere or there is none."""
    if not row.media_uri.startswith(SCHEME):
        return None
    return snapshot.organization.media.filter(digest=row.media_uri.removeprefix(SCHEME)).first()
