"""Files that organizations keep themselves, in an object store or in a folder: opened and listed, never written.

What an organization may have read for it is the installation's to say (settings SLUICE_STORES, SLUICE_MEDIA_ROOTS).
Addresses on the web are not among it: browsers load those, the server asks no address that somebody typed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pyarrow import fs

from projects.streams import folders
from teams.identity.models import Organization
from teams.identity.refused import Refused

S3, FILE = "s3://", "file://"
MOST = 10_000  # files of one prefix


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there. `version` changes when its content does."""

    uri: str
    size: int
    version: str


@dataclass(frozen=True, slots=True)
class Place:
    """An address that the organization may have read, and how."""

    find: Callable[[], Found]
    open: Callable[[], IO[bytes]]
    files: Callable[[], Iterator[Found]]


def is_stored(uri: str) -> bool:
    """Whether this is an address that the server would read."""
    return uri.startswith((S3, FILE))


def may_read(organization: Organization, uri: str) -> bool:
    """Whether it would read it for this organization."""
    try:
        place(organization, uri)
    except Refused:
        return False
    return True


def find(organization: Organization, uri: str) -> Found:
    """How large a file is. Raises Refused where the organization may not have it read, FileNotFoundError where it is
    not there, another OSError where the store does not answer."""
    return place(organization, uri).find()


def open_file(organization: Organization, uri: str) -> IO[bytes]:
    """A file to read and seek in; close it. Raises as `find` does."""
    return place(organization, uri).open()


def list_files(organization: Organization, uri: str) -> list[Found]:
    """The files below a prefix (or the one that it names), in order. Raises as `find` does, Refused for too many."""
    found = list(islice(place(organization, uri).files(), MOST + 1))
    if len(found) > MOST:
        sentence = _("There are more than %(most)s files there; name a prefix with fewer.") % {"most": MOST}
        raise Refused(sentence, code="too_many_files", status=422)
    return sorted(found, key=lambda file: file.uri)


def place(organization: Organization, uri: str) -> Place:
    """How an address is read for an organization. Raises Refused (422) if it is not."""
    if uri.startswith(FILE) and organization.slug in settings.SLUICE_MEDIA_ROOTS:
        root = Path(settings.SLUICE_MEDIA_ROOTS[organization.slug])
        path = Path(uri.removeprefix(FILE))
        if path.is_absolute() and path.is_relative_to(root) and ".." not in path.parts and "\x00" not in uri:
            return in_folder(root, path)
    if uri.startswith(S3) and is_plain(uri):
        for store in settings.SLUICE_STORES.get(organization.slug, ()):
            if uri.startswith(store["prefix"]):
                return in_bucket(store, uri.removeprefix(S3))
    raise Refused(
        _("This organization has no files there: whoever runs the installation says where it has."),
        code="outside_stores",
        status=422,
    )


def is_plain(uri: str) -> bool:
    """Whether no step of it leads up or nowhere: a client that tidies `a/../b` would leave the allowed prefix."""
    steps = uri.removeprefix(S3).removesuffix("/").split("/")
    return all(step not in ("", ".", "..") for step in steps) and uri.isprintable() and "\\" not in uri


def in_folder(root: Path, path: Path) -> Place:
    """A file or folder below an organization's folder."""

    def found(path: Path, seen: os.stat_result) -> Found:
        return Found(f"{FILE}{path}", seen.st_size, f"{seen.st_size}-{seen.st_mtime_ns}")

    def find() -> Found:
        with folders.open_file(root, path) as file:
            return found(path, os.fstat(file.fileno()))

    return Place(
        find,
        lambda: folders.open_file(root, path),
        lambda: (found(file, seen) for file, seen in folders.files_below(root, path)),
    )


def in_bucket(store: dict[str, str], path: str) -> Place:
    """An object, or a prefix of some, in a store that speaks S3."""
    client = client_of(os.getpid(), tuple(sorted(store.items())))

    def find() -> Found:
        [info] = client.get_file_info([path])
        if info.type != fs.FileType.File:
            raise FileNotFoundError(path)
        return of(info)

    return Place(
        find,
        lambda: cast(IO[bytes], client.open_input_file(path)),
        lambda: objects_below(client, path),
    )


def of(info: Any) -> Found:
    """What a store says of an object."""
    return Found(f"{S3}{info.path}", info.size, f"{info.size}-{info.mtime_ns}")


def objects_below(client: Any, path: str) -> Iterator[Found]:
    """The objects below a prefix, folder by folder: a whole bucket is never listed at once."""
    [info] = client.get_file_info([path.rstrip("/")])
    if info.type == fs.FileType.NotFound:
        raise FileNotFoundError(path)
    if info.type == fs.FileType.File:
        yield of(info)
        return
    for entry in sorted(client.get_file_info(fs.FileSelector(info.path)), key=lambda entry: entry.path):
        if entry.type == fs.FileType.File:
            yield of(entry)
        elif entry.type == fs.FileType.Directory:
            yield from objects_below(client, entry.path)


@cache
def client_of(process: int, store: tuple[tuple[str, str], ...]) -> Any:
    """The client of a store; one a process, for it does not survive a fork.

    Without a key it is nobody: never the machine's own identity, which may read more than the organization.
    """
    said = dict(store)
    scheme, _separator, host = said["endpoint"].rpartition("://")
    return fs.S3FileSystem(
        access_key=said.get("key"),
        secret_key=said.get("secret"),
        anonymous="key" not in said,
        region=said["region"],
        endpoint_override=host or None,
        scheme=scheme or "https",
        connect_timeout=3,
        request_timeout=10,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
    )
