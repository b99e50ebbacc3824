"""The manifest: which examples, in which revision, with which answer, in which split. Nothing else is in it."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.files.storage import default_storage

from slices.snapshots.models import Snapshot

SPLITS = ("train", "val", "test")
SCHEMA = pa.schema(
    [
        ("example_id", pa.int64()),
        ("example_rev", pa.int32()),
        ("annotation_id", pa.int64()),
        ("split", pa.int8()),
    ]
)
DELTAS = {"example_id": "DELTA_BINARY_PACKED", "annotation_id": "DELTA_BINARY_PACKED"}
BATCH = 10_000
EXAMPLE = attrgetter("example_id")


class Member(NamedTuple):
    """One line of a manifest; `annotation_id` is None for an example without a label."""

    example_id: int
    example_rev: int
    annotation_id: int | None
    split: str

    def line(self) -> bytes:
        """Its canonical form, which the hash is over."""
        return f"{self.example_id},{self.example_rev},{self.annotation_id or ''},{self.split}\n".encode()

    @classmethod
    def said_by(cls, line: bytes) -> Member:
        """The member of a canonical line, without its end."""
        id_, rev, answer, split = line.decode().split(",")
        return cls(int(id_), int(rev), int(answer) if answer else None, split)


def digest(members: Iterable[Member]) -> str:
    """SHA-256 over the canonical lines, in the order given: that of example ids."""
    running = hashlib.sha256()
    for member in members:
        running.update(member.line())
    return running.hexdigest()


class Writer:
    """Writes a manifest in groups of BATCH members, however they come, so that memory stays flat."""

    def __init__(self, file: IO[bytes]) -> None:
        self.running = hashlib.sha256()
        self.waiting: list[Member] = []
        self.parquet = pq.ParquetWriter(
            file, SCHEMA, compression="zstd", use_dictionary=False, column_encoding=DELTAS
        )

    def add(self, members: Sequence[Member]) -> None:
        """The next members, in order of example."""
        self.running.update(b"".join(member.line() for member in members))
        self.waiting += members
        while len(self.waiting) >= BATCH:
            self.write(self.waiting[:BATCH])
            del self.waiting[:BATCH]

    def write(self, members: Sequence[Member]) -> None:
        """A group of the file."""
        columns = [
            [member.example_id for member in members],
            [member.example_rev for member in members],
            [member.annotation_id for member in members],
            [SPLITS.index(member.split) for member in members],
        ]
        self.parquet.write_table(pa.table(columns, schema=SCHEMA))

    def close(self) -> str:
        """The end of the file; the manifest's hash."""
        if self.waiting:
            self.write(self.waiting)
        self.parquet.close()
        return self.running.hexdigest()


def read(snapshot: Snapshot, after: int = 0) -> Iterator[list[Member]]:
    """The members of a snapshot in batches, in order of example; those after an example, where one is named."""
    with default_storage.open(snapshot.manifest_name) as file:
        parquet = pq.ParquetFile(file)
        groups = later_groups(parquet, after)
        for batch in parquet.iter_batches(batch_size=BATCH, row_groups=groups):
            *columns, splits = [batch.column(name).to_pylist() for name in SCHEMA.names]
            members = list(map(Member, *columns, map(SPLITS.__getitem__, splits)))
            yield members[bisect_right(members, after, key=EXAMPLE) :]


def later_groups(parquet: pq.ParquetFile, after: int) -> list[int]:
    """The parts of the file that may hold examples after this one, by what it says of its parts."""
    about = [parquet.metadata.row_group(n).column(0) for n in range(parquet.num_row_groups)]
    return [n for n, ids in enumerate(about) if not ids.is_stats_set or ids.statistics.max > after]


def answers_in(snapshot: Snapshot, example_ids: Collection[int]) -> dict[int, int]:
    """{example: annotation} of some examples, as far as they are labelled members; only where they may lie is read."""
    found: dict[int, int] = {}
    with default_storage.open(snapshot.manifest_name) as file:
        parquet = pq.ParquetFile(file)
        for group in range(parquet.num_row_groups):
            ids = parquet.metadata.row_group(group).column(0)
            least, most = (ids.statistics.min, ids.statistics.max) if ids.is_stats_set else (0, 2**63)
            if not any(least <= example <= most for example in example_ids):
                continue
            table = parquet.read_row_group(group, columns=["example_id", "annotation_id"])
            pairs = zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True)
            found |= {example: answer for example, answer in pairs if answer and example in example_ids}
    return found


def lines(snapshot: Snapshot) -> Iterator[bytes]:
    """The canonical lines, some at a time: what the hash is over, so that anybody can compute it."""
    for batch in read(snapshot):
        yield b"".join(member.line() for member in batch)


def verify(snapshot: Snapshot) -> bool:
    """Whether the stored manifest still has the hash that the snapshot was given."""
    return digest(member for batch in read(snapshot) for member in batch) == snapshot.manifest_sha256


def labels_of(snapshot: Snapshot) -> dict[int, str]:
    """The label of every labelled member, by example; annotations are append-only, so it never changes."""
    labels: dict[int, str] = {}
    for batch in read(snapshot):
        wanted = {member.annotation_id: member.example_id for member in batch if member.annotation_id}
        rows = snapshot.organization.annotations.filter(pk__in=wanted).values_list("pk", "label")
        labels.update({wanted[pk]: label for pk, label in rows})
    return labels


def example_ids(snapshot: Snapshot) -> set[int]:
    """Which examples are in it."""
    return {member.example_id for batch in read(snapshot) for member in batch}
