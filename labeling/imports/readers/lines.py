"""Files of lines, plain or gzip: read one by one in constant memory, each with where it ends."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple, cast

import msgspec
from django.utils.translation import gettext as _

from labeling.imports.reading import Unreadable

MAX_LINE = 10 * 1024 * 1024
MAX_RATIO = 200  # of what a compressed file says to its size, beyond the first megabytes
FREE_BYTES = 50 * 1024 * 1024
BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")
GZIP = b"\x1f\x8b"


class LineMark(msgspec.Struct, frozen=True):
    """Where reading goes on: a byte of the (unpacked) file, and the number of the line that begins there."""

    at: int
    line: int


class Line(NamedTuple):
    """A line as it stands in the file, without its end; None in place of one that is too long."""

    raw: bytes | None
    number: int
    after: LineMark


def mark_of(given: Any) -> LineMark | None:
    """A mark as it comes back from where it was kept."""
    return None if given is None else msgspec.convert(given, LineMark)


def unpacked(file: IO[bytes]) -> IO[bytes]:
    """A file, or what is in it if it is gzip."""
    file.seek(0)
    is_packed = file.read(2) == GZIP
    file.seek(0)
    return cast(IO[bytes], Unpacked(file)) if is_packed else file


class Unpacked(io.BufferedReader):
    """The content of a gzip file, which may not be much larger than the file makes believe. Raises Unreadable."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(cast(Any, Guarded(file)), 1024 * 1024)


class Guarded(gzip.GzipFile):
    """gzip, whose faults are said in words."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(fileobj=file, mode="rb")
        self.packed = file

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        try:
            part = super().read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise Unreadable(_("The compressed file breaks off or is damaged."), code="broken_gzip") from None
        if self.tell() > FREE_BYTES and self.tell() > MAX_RATIO * self.packed.tell():
            sentence = _("The compressed file says more than %(ratio)s times its size.") % {
                "ratio": MAX_RATIO
            }
            raise Unreadable(sentence, code="compression_ratio")
        return part


def lines(file: IO[bytes], after: LineMark | None = None) -> Iterator[Line]:
    """The lines behind a mark, without the mark of UTF-8 at the file's beginning. Raises Unreadable."""
    body = unpacked(file)
    at, number = (after.at, after.line) if after else begin(body)
    body.seek(at)
    while part := body.readline(MAX_LINE + 1):
        at += len(part)
        is_long = len(part) > MAX_LINE and not part.endswith(b"\n")
        if is_long:
            at += skipped(body)
        yield Line(None if is_long else part.rstrip(b"\r\n"), number, LineMark(at, number + 1))
        number += 1


def begin(body: IO[bytes]) -> tuple[int, int]:
    """(the first byte of the first line, its number). Raises Unreadable for a file that is no UTF-8 at all."""
    head = body.read(3)
    if head.startswith(OTHER_BOMS):
        raise Unreadable(_("This file is UTF-16; save it as UTF-8 and send it again."), code="encoding")
    return (3 if head == BOM else 0), 1


def skipped(body: IO[bytes]) -> int:
    """How long the rest of a line is that is too long."""
    size = 0
    while part := body.readline(MAX_LINE):
        size += len(part)
        if part.endswith(b"\n"):
            break
    return size
