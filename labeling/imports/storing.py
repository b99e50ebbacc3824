"""Uploaded files: kept whole or not at all, in constant memory, and only as long as they are needed."""

from __future__ import annotations

import hashlib
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from teams.identity.models import Organization
from teams.identity.refused import Refused

MAX_BYTES = 5 * 1024**3
CHUNK = 1024 * 1024
ABANDONED_S = 24 * 3600.0
DRAFTS, PREFIX = "drafts", "import-"


class Readable(Protocol):
    """What an upload is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is there whole."""

    name: str
    size: int
    sha256: str


class Moved(File):
    """A file that storage takes by renaming it."""

    def temporary_file_path(self) -> str:
        """Django's storage moves a file that has one of these, instead of copying it."""
        return str(self.name)


def keep(organization: Organization, upload: Readable) -> Stored:
    """Store an upload. Raises Refused (413) as soon as it is too large, (422) if there is nothing in it."""
    with draft() as file:
        digest, size = hashlib.sha256(), 0
        while part := upload.read(CHUNK):
            size += len(part)
            check_size(size)
            digest.update(part)
            file.write(part)
        if not size:
            raise Refused(_("The file is empty."), code="empty", status=422)
        file.flush()
        name = default_storage.save(f"{organization.pk}/imports/{uuid.uuid4().hex}", Moved(file, file.name))
    return Stored(name, size, digest.hexdigest())


def check_size(size: int) -> None:
    """What is larger comes as several files, or from a store."""
    if size > MAX_BYTES:
        sentence = _("A file has at most %(n)s GB here; split it, or let it be read from a store.")
        raise Refused(sentence % {"n": MAX_BYTES // 1024**3}, code="too_large", status=413)


@contextmanager
def draft() -> Iterator[Any]:
    """A file in the storage's own file system; gone at the end of the block unless it was moved."""
    folder = Path(settings.MEDIA_ROOT) / DRAFTS
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=PREFIX, delete=False) as file:
        try:
            yield file
        finally:
            with suppress(FileNotFoundError):
                Path(file.name).unlink()


def sweep(folder: Path) -> None:
    """Remove what processes that died have left half-written."""
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - ABANDONED_S:
                path.unlink()


def open_stored(name: str) -> IO[bytes]:
    """A stored file to read and seek in. Raises FileNotFoundError."""
    return cast(IO[bytes], default_storage.open(name).file)


def remove(name: str) -> None:
    """A stored file that nobody needs any more."""
    default_storage.delete(name)
