"""Files that are there whole or not at all: hashed while they are written, put in place by one rename."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection

DRAFTS = "drafts"
BESIDE = ".sha256"
ABANDONED = timedelta(days=1)


class Draft(File):
    """A file being written. It lies in the storage's own file system, so that keeping it is a rename."""

    def __init__(self, file: IO[bytes], path: str) -> None:
        super().__init__(file, name=path)
        self.path, self.running, self.length = path, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """The next bytes."""
        self.running.update(data)
        self.length += len(data)
        return self.open_file.write(data)

    def again(self) -> IO[bytes]:
        """What was written, from its beginning; nothing more is written then."""
        self.open_file.flush()
        self.open_file.seek(0)
        return self.open_file

    @property
    def open_file(self) -> IO[bytes]:
        """The file underneath, open for as long as the draft is one."""
        assert self.file is not None
        return self.file

    def temporary_file_path(self) -> str:
        """Django's storage moves a file that has one of these, instead of copying it."""
        return self.path


@contextmanager
def draft() -> Iterator[Draft]:
    """A file to write; if it was not kept by the end of the block, it is gone."""
    folder = Path(settings.MEDIA_ROOT) / DRAFTS
    folder.mkdir(parents=True, exist_ok=True)
    number, path = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(number, "w+b") as file:
            yield Draft(file, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def keep(written: Draft, name: str) -> str:
    """Give a finished draft its name, with its SHA-256 beside it. One name always stands for the same bytes."""
    if not default_storage.exists(name):
        with draft() as digest:
            digest.write(written.running.hexdigest().encode())
            put(digest, beside(name))
        put(written, name)
    return name


def put(written: Draft, name: str) -> None:
    """Move a draft to its place, unless another process was quicker with the same bytes."""
    written.open_file.flush()
    os.fsync(written.open_file.fileno())  # or a power cut could leave a row whose file is empty
    stored = default_storage.save(name, written)
    if stored != name:
        default_storage.delete(stored)


def beside(name: str) -> str:
    """Where the digest of a file is kept, so that a download need not read all of it before the first byte."""
    return f"{name}{BESIDE}"


def sha256_of(name: str) -> str:
    """The digest of a kept file, as it was computed while the file was written."""
    with default_storage.open(beside(name)) as file:
        return bytes(file.read()).decode()


def empty(folder: str) -> int:
    """Take away all that is kept below a folder, and the folder; how many files, without the digests beside them."""
    root, n = Path(default_storage.path(folder)), 0
    for path in sorted(root.rglob("*"), reverse=True):  # what is in a folder comes before it
        if path.is_dir():
            with suppress(OSError):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
            n += not path.name.endswith(BESIDE)
    with suppress(OSError):
        root.rmdir()
    return n


def sweep(at: datetime) -> int:
    """Drafts of processes that were killed: nobody finishes them; how many there were."""
    folder, old = Path(settings.MEDIA_ROOT) / DRAFTS, (at - ABANDONED).timestamp()
    left = [path for path in folder.glob("*") if changed(path) < old]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def changed(path: Path) -> float:
    """When a file was last written; one that is just gone was written now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def replace(written: Draft, name: str) -> None:
    """Put other bytes in the place of a kept file, as nothing but an erasure may; whoever reads it reads on."""
    with draft() as digest:
        digest.write(written.running.hexdigest().encode())
        for file, place in ((digest, beside(name)), (written, name)):
            file.open_file.flush()
            os.fsync(file.open_file.fileno())
            os.replace(file.path, default_storage.path(place))


def alone(manifest_sha256: str) -> None:
    """Nobody else writes, rewrites or removes the files of equal snapshots until the transaction ends."""
    alone_with(f"rows {manifest_sha256}")


def alone_with(name: str) -> None:
    """Nobody else who asks for this name goes on until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
