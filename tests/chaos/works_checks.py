"""What must hold of data when all is calm again: rows, counts, snapshots, files, columns, and what was erased."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from projects.schemas.fields import PROMOTED
from projects.streams.models import Stream
from slices.definitions.recounting import check
from slices.models import Export
from slices.snapshots import evidence, manifest
from slices.snapshots.exports import files_of, forget_exports, request_export
from slices.snapshots.files import sha256_of
from slices.snapshots.rows import rows_name
from teams.identity.models import Organization
from teams.work import jobs
from teams.work.erasing import key_digest
from tests.chaos.ledger import Ledger

BAD_EVERY = 500


def violations(
    stream: Stream, ledger: Ledger, *, rows: int, source: int | None, secret: str = "secret-"
) -> list[str]:
    """A sentence for everything that is lost, doubled, half-written, or still there after it was erased."""
    organization = stream.organization
    return [
        *ledger.odd,
        *arrivals(stream, ledger),
        *(imported(stream, source, rows) if source else ()),
        *counts(stream),
        *columns(stream),
        *snapshots(organization),
        *exports(organization),
        *strange_files(organization),
        *traces(secret),
        *undone(organization),
    ]


def arrivals(stream: Stream, ledger: Ledger) -> Iterator[str]:
    """Every accepted row is there under its number, created once, unless it was erased; then it is not."""
    here = dict(stream.organization.examples.filter(stream=stream).values_list("key", "pk"))
    gone = set(stream.organization.tombstones.values_list("key_digest", flat=True))
    for key, pk in ledger.accepted.items():
        is_gone = key_digest(stream.organization, stream.pk, key) in gone
        if here.get(key) != (None if is_gone else pk):
            yield f"{key} was accepted as {pk} and is {here.get(key)}"
        if ledger.created[key] > 1:
            yield f"{key} was created {ledger.created[key]} times"


def imported(stream: Stream, source: int, rows: int) -> Iterator[str]:
    """The import says what is in the file, and every good row of it is there or was erased."""
    row = stream.organization.imports.get(pk=source)
    bad = len(range(7, rows, BAD_EVERY))
    said = (row.state, row.rows_done, row.created, row.rejected)
    if said != ("done", rows, rows - bad, bad):
        yield f"the import says {said} of {rows} rows with {bad} bad ones"
    if row.labels != rows - bad:
        yield f"the import says {row.labels} labels of {rows - bad}"
    here = stream.organization.examples.filter(stream=stream, key__contains="file-")
    gone = set(stream.organization.tombstones.values_list("key_digest", flat=True))
    there = here.count()
    erased = sum(key_digest(stream.organization, stream.pk, key) in gone for key in keys_of(rows))
    if there + erased != rows - bad:
        yield f"{there} rows of the file are there and {erased} erased, of {rows - bad}"


def keys_of(rows: int) -> Iterator[str]:
    """All keys of the file."""
    from tests.chaos.works_load import key_of

    return map(key_of, range(rows))


def counts(stream: Stream) -> Iterator[str]:
    """Live sums are what counting from nothing finds, and no note is left."""
    organization = stream.organization
    if n := organization.example_changes.count():
        yield f"{n} notes of changes are not folded"
    versions = organization.slice_versions.filter(counting__is_live=True)
    for version in versions.select_related("slice__stream", "organization"):
        for off in check(version):
            yield f"slice {version.slice.slug} says {off.kept} on {off.place.day} where {off.found} are"


VALUES = {
    "k": "CASE WHEN jsonb_typeof(attributes -> %(name)s) = 'string' THEN attributes ->> %(name)s END",
    "n": "CASE WHEN jsonb_typeof(attributes -> %(name)s) = 'number' THEN (attributes ->> %(name)s)::float8 END",
}


def columns(stream: Stream) -> Iterator[str]:
    """A promoted column holds what the JSON says, row by row."""
    stream.refresh_from_db()
    for field in stream.fields:
        if field.get("state", PROMOTED) != PROMOTED or not field.get("column"):
            if field.get("state"):
                yield f"attribute {field['name']} is {field['state']}"
            continue
        value = VALUES[field["column"][0]]
        differs = f"{field['column']} IS DISTINCT FROM {value}"
        sql = f"SELECT count(*) FROM projects_example WHERE stream_id = %(stream)s AND {differs}"
        [(n,)] = asked(sql, {"stream": stream.pk, "name": field["name"]})
        if n:
            yield f"{n} rows have another {field['name']} in {field['column']} than in their JSON"


def snapshots(organization: Organization) -> Iterator[str]:
    """Manifest, lines and digests of every snapshot are whole, and are those that its hashes were made over."""
    for snapshot in organization.snapshots.select_related("organization").order_by("pk"):
        try:
            if not manifest.verify(snapshot):
                yield f"the manifest of snapshot {snapshot.pk} has another hash"
            if len(manifest.example_ids(snapshot)) != snapshot.n_total:
                yield f"snapshot {snapshot.pk} has not the members that it says"
            if not evidence.intact(snapshot):
                yield f"the lines of snapshot {snapshot.pk} are not those that were frozen"
            if digest_of(rows_name(snapshot)) != sha256_of(rows_name(snapshot)):
                yield f"the lines of snapshot {snapshot.pk} have another digest beside them"
        except FileNotFoundError as missing:
            yield f"a file of snapshot {snapshot.pk} is missing: {missing.filename}"


def digest_of(name: str) -> str:
    """SHA-256 of a kept file."""
    return hashlib.sha256(Path(default_storage.path(name)).read_bytes()).hexdigest()


def exports(organization: Organization) -> Iterator[str]:
    """Every file of an export that is ready is whole, and the same again, byte for byte, when it is made afresh."""
    ready = organization.exports.filter(state=Export.State.READY).select_related("snapshot__organization")
    first = {}
    for export in ready.order_by("pk"):
        first[export.pk] = files_of(export)
        for file in files_of(export):
            path = Path(default_storage.path(file["kept_as"]))
            if not path.exists():
                yield f"{file['name']} of export {export.pk} is missing"
            elif (path.stat().st_size, digest_of(file["kept_as"])) != (file["bytes"], file["sha256"]):
                yield f"{file['name']} of export {export.pk} is not what it is said to be"
    for export in list(ready.order_by("pk")):
        forget_exports(export.snapshot)
    for export in organization.exports.filter(pk__in=first).order_by("pk"):
        asked_for = request_export(
            snapshot=export.snapshot, format=export.format, options=export.options, by=None
        )
        assert asked_for.job_id is not None
        while asked_for.state in Export.GOING:  # a worker may have been quicker, and be at it
            jobs.run(asked_for.job_id)
            asked_for.refresh_from_db()
            time.sleep(0.05)
        if files_of(asked_for) != first[export.pk]:
            yield f"export {export.pk} ({export.format}) made afresh is another"


def named_files(organization: Organization) -> set[str]:
    """Every file that some row names, with the digests beside those that have one."""
    names = set(organization.media.values_list("name", flat=True))
    names |= set(organization.imports.exclude(stored="").values_list("stored", flat=True))
    beside = set(organization.evaluations.values_list("results_name", flat=True))
    for snapshot in organization.snapshots.filter(keeping__expired_at=None):
        beside |= {snapshot.manifest_name, rows_name(snapshot), evidence.digests_of(snapshot)}
    for export in organization.exports.filter(state=Export.State.READY):
        beside |= {file["kept_as"] for file in files_of(export)}
    return names | beside | {f"{name}.sha256" for name in beside}


def strange_files(organization: Organization) -> Iterator[str]:
    """No file without a row that names it, no row without its file; the book of erasures names itself."""
    root = Path(settings.MEDIA_ROOT)
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    book = {
        name for name in there if name.startswith(f"{organization.pk}/erasures/") and name.endswith(".json")
    }
    named = named_files(organization)
    yield from (f"{name} is there and nothing names it" for name in sorted(there - named - book))
    yield from (f"{name} is named and is not there" for name in sorted(named - there))


def traces(secret: str) -> Iterator[str]:
    """What was erased stands in no row of any table and in no file."""
    for (table,) in asked("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()", {}):
        sql = f'SELECT count(*) FROM "{table}" one WHERE one::text LIKE %(like)s'
        [(n,)] = asked(sql, {"like": f"%{secret}%"})
        if n:
            yield f"{n} rows of {table} hold an erased key"
    for path in sorted(Path(settings.MEDIA_ROOT).rglob("*")):
        if path.is_file() and any(secret.encode() in part for part in parts_of(path)):
            yield f"{path.relative_to(settings.MEDIA_ROOT)} holds an erased key"


def parts_of(path: Path) -> Iterator[bytes]:
    """What a file says, unpacked where its bytes do not show it."""
    yield path.read_bytes()
    if path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    elif path.suffix == ".parquet":
        yield str(pq.read_table(path).to_pylist()).encode()
    elif path.suffix == ".tar":
        with tarfile.open(path) as archive:
            for entry in archive:
                if entry.name.endswith(".parquet"):
                    yield str(pq.read_table(archive.extractfile(entry)).to_pylist()).encode()


def undone(organization: Organization) -> Iterator[str]:
    """No job waits, runs or has given up; no erasure is still at it."""
    for kind, state, error in organization.jobs.exclude(state="done").values_list("kind", "state", "error"):
        yield f"job {kind} is {state}: {error}"
    for pk in organization.erasures.filter(done_at=None).values_list("pk", flat=True):
        yield f"erasure {pk} is not done"


def asked(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
