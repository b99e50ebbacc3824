"""What proves, to somebody far from here, that some lines are those of a snapshot: a keyed digest of each.

The key of a snapshot is its own: whoever downloads it may have the key, and learns nothing about any other. A plain
hash would let anybody who guesses a short text, or a person's answer, find out that they guessed right.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import IO

from django.core.files.storage import default_storage

from slices.snapshots import manifest
from slices.snapshots.files import Draft
from slices.snapshots.models import Snapshot
from slices.snapshots.rows import CHUNK, name_of, read, rows_name
from teams.identity.models import Organization

SIZE = 32  # bytes of a digest; the file of digests has no other structure
PURPOSE = (
    b"snapshot\x00"  # digests of uploaded pictures are made under the same key, of what anybody may upload
)


def key_for(organization: Organization, manifest_sha256: str) -> bytes:
    """The key of the snapshots with these members."""
    return hmac.digest(bytes(organization.digest_key), PURPOSE + manifest_sha256.encode(), "sha256")


def key_of(snapshot: Snapshot) -> bytes | None:
    """The key of a snapshot; None for one frozen when the digests were still under the organization's own."""
    if snapshot.evidence_version < 2:
        return None
    return key_for(snapshot.organization, snapshot.manifest_sha256)


def write_digests(lines: IO[bytes], file: Draft, key: bytes) -> str:
    """The digest of each line, one behind the other; SHA-256 of them all is what the contents are called."""
    lines.seek(0)
    keyed = Keyed(key)
    while some := lines.readlines(CHUNK):
        file.write(b"".join([keyed.digest(line[:-1]) for line in some]))
    return file.running.hexdigest()


class Keyed:
    """HMAC with SHA-256 under one key, which is prepared once: twice as fast over many short lines."""

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(64, b"\0")  # the keys here are no longer than a block
        self.inner = hashlib.sha256(padded.translate(hmac.trans_36))
        self.outer = hashlib.sha256(padded.translate(hmac.trans_5C))

    def digest(self, line: bytes) -> bytes:
        """The digest of one line."""
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(line)
        outer.update(inner.digest())
        return outer.digest()


def digests_name(organization_id: int, manifest_sha256: str, content_sha256: str) -> str:
    """Where the digests are kept, beside the lines."""
    return name_of(organization_id, 2, manifest_sha256, content_sha256).removesuffix("jsonl") + "digests"


def digests_of(snapshot: Snapshot) -> str:
    """Where the digests of a snapshot are kept."""
    return digests_name(snapshot.organization_id, snapshot.manifest_sha256, snapshot.content_sha256)


def intact(snapshot: Snapshot) -> bool:
    """Whether the stored lines are those that were frozen, but for those that were erased since."""
    if snapshot.evidence_version < 2:
        return first_digest(snapshot) == snapshot.content_sha256
    return digests_hold(snapshot) and lines_hold(snapshot)


def digests_hold(snapshot: Snapshot) -> bool:
    """Whether the file of digests is the one that the snapshot is named after."""
    running = hashlib.sha256()
    for digest in stored_digests(snapshot):
        running.update(digest)
    return running.hexdigest() == snapshot.content_sha256


def lines_hold(snapshot: Snapshot) -> bool:
    """Whether every line still there has its digest, in order; lines that were erased leave a gap."""
    key, digests = key_of(snapshot), stored_digests(snapshot)
    assert key is not None
    with default_storage.open(rows_name(snapshot)) as file:
        wanted = (hmac.digest(key, line.rstrip(b"\n"), "sha256") for line in file)
        return all(digest in digests for digest in wanted)  # goes on where the one before was found


def stored_digests(snapshot: Snapshot) -> Iterator[bytes]:
    """The digests, one after the other."""
    with default_storage.open(digests_of(snapshot)) as file:
        while digest := file.read(SIZE):
            yield digest


def erased(snapshot: Snapshot) -> list[int]:
    """The members whose lines are gone, while their digests stayed."""
    gone: list[int] = []
    there = (line.row.example_id for some in read(snapshot) for line in some)
    following = next(there, None)
    for batch in manifest.read(snapshot):
        for member in batch:
            if member.example_id == following:
                following = next(there, None)
            else:
                gone.append(member.example_id)
    return gone


def first_digest(snapshot: Snapshot) -> str:
    """What contents were called in version 1: over digests, under the organization's key, of a part of each line."""
    key, running = bytes(snapshot.organization.digest_key), hashlib.sha256()
    with default_storage.open(rows_name(snapshot)) as file:
        for line in file:
            _opening, _comma, content = line.rstrip(b"\n").partition(b',"answer":')
            running.update(hmac.digest(key, b'{"answer":' + content, "sha256"))
    return running.hexdigest()
