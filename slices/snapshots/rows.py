"""What the members of a snapshot held at the moment it was frozen: one line of JSON each, put together by PostgreSQL.

Examples may be changed afterwards, so what they held is written down with the manifest, in the transaction
that read it. Snapshots with equal contents share the file.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

import msgspec
from django.core.files.storage import default_storage
from django.db import connection

from slices.snapshots.manifest import Member
from slices.snapshots.models import Snapshot
from teams.identity.models import Organization

VERSION = 1  # of the layout of a line; another layout is another file
CHUNK = 1024 * 1024
SEPARATOR = b"\x1f"  # no JSON text holds one

# Three columns: the opening of the line, what is digested, the label. JSON holds no control characters, so
# these quotes and delimiters never need escaping and the bytes come as they are.
LINES = """
COPY (
    SELECT
        '{"example_id":' || member.example_id || ',"split":"' || member.split
            || '","annotation_id":' || coalesce(member.annotation_id::text, 'null'),
        '{"answer":' || coalesce(annotation.answer::text, 'null')
            || ',"attributes":' || example.attributes
            || ',"captured_at":' || to_json(example.captured_at)
            || ',"key":' || to_json(example.key)
            || ',"label":' || coalesce(to_json(annotation.label)::text, 'null')
            || ',"media_type":' || to_json(example.media_type)
            || ',"media_uri":' || to_json(example.media_uri)
            || ',"text":' || to_json(example.text) || '}',
        coalesce(to_json(annotation.label)::text, 'null')
    FROM unnest(%(examples)s::bigint[], %(answers)s::bigint[], %(splits)s::text[]) WITH ORDINALITY
        AS member (example_id, annotation_id, split, position)
    JOIN projects_example example
        ON example.organization_id = %(organization)s AND example.id = member.example_id
    LEFT JOIN labeling_annotation annotation
        ON annotation.organization_id = %(organization)s AND annotation.id = member.annotation_id
    ORDER BY member.position
) TO STDOUT (FORMAT csv, DELIMITER E'\\x1f', QUOTE E'\\x01')
"""


class Row(msgspec.Struct):
    """One line, read back; `answer` and `attributes` stay JSON text."""

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


class Line(NamedTuple):
    """A line and the row that it says."""

    raw: bytes
    row: Row


class Writer:
    """Writes the lines of a snapshot batch by batch, digests and counts them."""

    def __init__(self, organization: Organization, file: IO[bytes]) -> None:
        self.organization, self.file = organization, file
        self.key = bytes(organization.digest_key)
        self.running = hashlib.sha256()
        self.labels: Counter[bytes] = Counter()

    def add(self, members: Sequence[Member]) -> None:
        """The next members, in order of example."""
        values = {
            "organization": self.organization.pk,
            "examples": [member.example_id for member in members],
            "answers": [member.annotation_id for member in members],
            "splits": [member.split for member in members],
        }
        with connection.cursor() as cursor, cursor.copy(LINES, values) as copied:
            for line in copied:
                self.line(*bytes(line).rstrip(b"\n").split(SEPARATOR))

    def line(self, opening: bytes, content: bytes, label: bytes) -> None:
        """One member. The digest is keyed: a plain hash of small personal content could be guessed."""
        self.file.write(b"%b,%b\n" % (opening, content[1:]))
        self.running.update(hmac.digest(self.key, content, "sha256"))
        self.labels[label] += 1

    @property
    def content_sha256(self) -> str:
        """SHA-256 over the keyed digests of the lines, in their order."""
        return self.running.hexdigest()

    def n_by_label(self) -> dict[str, int]:
        """Members by label, "" for none."""
        return {json.loads(label) or "": n for label, n in sorted(self.labels.items())}


def name_of(organization_id: int, manifest_sha256: str, content_sha256: str) -> str:
    """Where the lines are kept: a name that only snapshots with equal members and contents share."""
    return f"{organization_id}/rows/v{VERSION}/{manifest_sha256}-{content_sha256[:32]}.jsonl"


def rows_name(snapshot: Snapshot) -> str:
    """Where the lines of a snapshot are kept."""
    return name_of(snapshot.organization_id, snapshot.manifest_sha256, snapshot.content_sha256)


def read(snapshot: Snapshot) -> Iterator[list[Line]]:
    """The lines of a snapshot, about a megabyte at a time."""
    decoder = msgspec.json.Decoder(Row)
    with default_storage.open(rows_name(snapshot)) as file:
        while raw := file.readlines(CHUNK):
            yield [Line(line, decoder.decode(line)) for line in raw]


def intact(snapshot: Snapshot) -> bool:
    """Whether the stored lines still have the keyed digest that the snapshot was given."""
    key, running = bytes(snapshot.organization.digest_key), hashlib.sha256()
    with default_storage.open(rows_name(snapshot)) as file:
        for line in file:
            _opening, _comma, content = line.rstrip(b"\n").partition(b',"answer":')
            running.update(hmac.digest(key, b'{"answer":' + content, "sha256"))
    return running.hexdigest() == snapshot.content_sha256


def find(snapshot: Snapshot, example_id: int) -> Row | None:
    """The row of one example, by bisecting the file: its lines are in order of example."""
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
