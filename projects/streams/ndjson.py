"""Rows as lines of JSON, plain or gzip, of any number: read in constant memory, taken a batch at a time.

Each batch is a transaction of its own. What was taken before a body breaks off stays; its rows sent again are
"unchanged".
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Protocol, cast

import msgspec

from projects.streams.media import MAX_BYTES
from projects.streams.receiving import Outcome, Received
from projects.streams.rows import EXAMPLES, MAX_ROW_BYTES, Bad, RowIn
from teams.access.problems import FieldError, Problem

CONTENT_TYPES = ("application/x-ndjson", "application/jsonl")
BATCH = 1000  # rows
BATCH_BYTES = 8 * 1024 * 1024
MAX_LINE = MAX_ROW_BYTES + MAX_BYTES * 4 // 3 + 1024  # a row with a picture in base64
MAX_RATIO = 200  # of what a compressed body says to what was sent, beyond the first megabytes
FREE_BYTES = 50 * 1024 * 1024
BOM = b"\xef\xbb\xbf"
COUNTS = ("created", "updated", "unchanged", "rejected")

Row = RowIn | Bad
Take = Callable[[list[Row]], Received]


class Broken(Exception):
    """The body cannot be read on from here; what came before was taken."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def opened(body: Readable, encoding: str) -> Readable:
    """The body as it was before its Content-Encoding. Raises Problem (415) for one that is not read here."""
    if encoding in ("", "identity"):
        return body
    if encoding == "gzip":
        return gzip.GzipFile(fileobj=cast(IO[bytes], body), mode="rb")
    raise Problem(415, "unsupported_encoding", "A body is sent plain or with Content-Encoding: gzip.")


class Readable(Protocol):
    """What a body is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        ...

    def readline(self, size: int = -1, /) -> bytes:
        """The next line, or as much of it."""
        ...


class Counted:
    """A body, and how much of it has been read."""

    def __init__(self, body: Readable) -> None:
        self.body, self.count = body, 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        part = self.body.read(size)
        self.count += len(part)
        return part

    def readline(self, size: int = -1) -> bytes:
        """The next line."""
        return self.body.readline(size)


class Lines:
    """The lines of a body that are not blank, none of them held in memory if it is too long to be a row."""

    def __init__(self, body: Readable, encoding: str) -> None:
        self.sent = Counted(body)
        self.body, self.is_packed = opened(self.sent, encoding), encoding == "gzip"
        self.read = 0

    def __iter__(self) -> Iterator[bytes | None]:
        """Line by line; None for one that is longer than any row may be. Raises Broken."""
        first = True
        while line := self.next_part():
            if first:
                line, first = line.removeprefix(BOM), False
            if len(line) > MAX_LINE and not line.endswith(b"\n"):
                self.skip()
                yield None
            elif line.strip():
                yield line

    def next_part(self) -> bytes:
        """A line, or as much of it as a row may have and one byte more."""
        try:
            part = self.body.readline(MAX_LINE + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise Broken("broken_gzip", "The compressed body breaks off or is damaged here.") from None
        self.read += len(part)
        if self.is_packed and self.read > FREE_BYTES and self.read > MAX_RATIO * self.sent.count:
            raise Broken("compression_ratio", f"The body says more than {MAX_RATIO} times what was sent.")
        return part

    def skip(self) -> None:
        """The rest of a line that is too long."""
        while (part := self.next_part()) and not part.endswith(b"\n"):
            pass


def batches(lines: Lines) -> Iterator[list[Row]]:
    """Rows in batches of which none has a key twice: of two rows of a key, the later one changes the earlier."""
    batch: list[Row] = []
    keys: set[str] = set()
    size = 0
    for line in lines:
        row = read(line)
        if len(batch) == BATCH or size > BATCH_BYTES or row.key in keys:
            yield batch
            batch, keys, size = [], set(), 0
        batch.append(row)
        size += len(line or b"")
        if row.key:
            keys.add(row.key)
    if batch:
        yield batch


def read(line: bytes | None) -> Row:
    """One row, or what is wrong with it."""
    if line is None:
        return Bad([FieldError("", "too_large", f"A row has at most {MAX_LINE} bytes, with its picture.")])
    return EXAMPLES.read(msgspec.Raw(line))


def taken(lines: Lines, take: Take, *, only_errors: bool) -> Iterator[bytes]:
    """The answer, batch by batch: a line for each row (or for each rejected one), at last one that sums up."""
    sums = dict.fromkeys(COUNTS, 0)
    labels = 0
    done: dict[str, Any] = {"done": True}
    try:
        for batch in batches(lines):
            received = take(batch)
            yield said(received, sum(sums.values()), only_errors)
            for name in COUNTS:
                sums[name] += getattr(received, name)
            labels += received.labels
    except Broken as broken:
        done = {"done": False, "problem": {"code": broken.code, "detail": broken.detail}}
    yield msgspec.json.encode({**done, **sums} | ({"labels": labels} if labels else {})) + b"\n"


def said(received: Received, before: int, only_errors: bool) -> bytes:
    """What became of the rows of a batch, a line each; pointers start at the row."""
    rows = [row for row in received.rows if row.outcome == "rejected" or not only_errors]
    return b"".join(msgspec.json.encode(line_of(row, before)) + b"\n" for row in rows)


def line_of(row: Outcome, before: int) -> Outcome:
    """The outcome of a row of a stream: counted from the stream's beginning."""
    if not isinstance(row.errors, list):
        return Outcome(row.index + before, row.key, row.outcome, row.id)
    prefix = f"/examples/{row.index}"
    errors = [FieldError(one.pointer.removeprefix(prefix), one.code, one.detail) for one in row.errors]
    return Outcome(row.index + before, row.key, row.outcome, row.id, errors)
