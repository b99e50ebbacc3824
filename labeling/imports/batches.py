"""Reads of all files of an import, in batches that one transaction takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from labeling.imports.models import Import
from labeling.imports.reading import Read, Unreadable, reader_of
from labeling.imports.sources import opened, options_of, questions_of
from projects.streams.rows import RowIn

ROWS = 1000
BYTES = 8 * 1024 * 1024
ABOUT = 500  # bytes of a row, beside its text and its picture


@dataclass
class Batch:
    """Some rows of one file, of which none has a key twice, and where reading goes on after them."""

    file: int
    reads: list[Read] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    size: int = 0
    at: int = 0

    def has_room(self, read: Read) -> bool:
        """Whether one more fits; of two rows of a key the later one must change the earlier."""
        return len(self.reads) < ROWS and self.size < BYTES and read.row.key not in self.keys

    def add(self, read: Read) -> None:
        """One more."""
        self.reads.append(read)
        self.size += size_of(read)
        if read.row.key:
            self.keys.add(read.row.key)

    @property
    def position(self) -> dict[str, Any]:
        """Where reading goes on."""
        return {"file": self.file, "mark": self.reads[-1].mark}


def size_of(read: Read) -> int:
    """About how much memory a row takes."""
    row = read.row
    if not isinstance(row, RowIn):
        return ABOUT
    return ABOUT + len(row.text) + (len(row.media.data) if row.media and row.media.data else 0)


def batches(row: Import) -> Iterator[Batch]:
    """What is still to be read. Raises Unreadable, but only when all that comes before it was given."""
    start = row.position.get("file", 0)
    for index in range(start, len(row.files)):
        after = row.position.get("mark") if index == start else None
        yield from batches_of_file(row, index, after)


def batches_of_file(row: Import, index: int, after: Any) -> Iterator[Batch]:
    """The same of one file."""
    reader, file = reader_of(row.format), row.files[index]
    with opened(row, file) as found:
        batch = Batch(index)
        try:
            options = replace(options_of(row), filename=file["name"])
            for read in reader.rows(found, options, questions_of(row), after):
                if not batch.has_room(read):
                    yield batch
                    batch = Batch(index)
                batch.add(read)
                batch.at = min(position_of(found), file["size"])
        except Unreadable:
            if batch.reads:
                yield batch
            raise
        if batch.reads:
            yield batch


def position_of(file: Any) -> int:
    """How far a file is read; where the reader jumps about in it, that says little."""
    return int(file.tell()) if not file.closed else 0
