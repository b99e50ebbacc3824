"""What a format has to say for itself: how its files become rows, and what a person sees before they are taken.

A reader is registered by importing it in `labeling.imports.readers`. It knows neither the database nor the import
that it works for: it is given a file, options and the project's questions, and yields rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple, Protocol

import msgspec
from django.utils.functional import Promise

from projects.streams.rows import EXAMPLES, Bad, RowIn
from teams.access.problems import FieldError
from teams.identity.refused import Refused

Mark = Any  # JSON that only the reader understands: where reading goes on after a row
Questions = Sequence[Mapping[str, Any]]  # LabelSchema.questions; empty where the project asks none yet


class Read(NamedTuple):
    """One row, where a person finds it in the file ("line 12"), and where reading goes on after it."""

    row: RowIn | Bad
    place: str
    mark: Mark


class Unreadable(Refused):
    """The file cannot be read from here on, and why: the import fails with this sentence. Raised while reading.

    `place` is where, if it is any one place.
    """

    def __init__(self, sentence: str | Promise, *, code: str = "unreadable", place: str = "") -> None:
        super().__init__(sentence, code, 422)
        self.place = place


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """What a person says about how to read a file; each format reads the members that it knows.

    `columns` maps a column of a table to what it is: "key", "text", "media", "captured_at", "split", "attribute",
    "attribute:<name>", "label" (the only or first question), "label:<question>", "labeled_by", "labeled_at",
    "prediction", "confidence", or "ignore". `question` is the question that labels answer, where the file does not
    name one. `base_uri` is put before media that have no address of their own. `types` are the types of attributes
    ("string", "number", "boolean", "timestamp", "enum") for files that hold nothing but text; those that the stream
    declares are in it already. `filename` is the name of the file that is read, which may say a split; whoever opens
    the file says it.
    """

    columns: dict[str, str] = {}
    types: dict[str, str] = {}
    question: str = ""
    base_uri: str = ""
    filename: str = ""
    more: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file (or a field of its records), with a few of its values, and what it most likely is.

    `type` is that of the attribute which it could be.
    """

    name: str
    samples: Sequence[str] = ()
    guess: str = "attribute"
    type: str = "string"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a person sees of a file before it is taken: its columns where they can be mapped, and its first rows."""

    rows: Sequence[Read]
    columns: Sequence[Column] = ()
    notes: Sequence[str | Promise] = ()


def row_of(values: Mapping[str, Any]) -> RowIn | Bad:
    """A row from the members that a line of JSON would have, with all that is asked of one."""
    try:
        raw = msgspec.json.encode(values)
    except (UnicodeEncodeError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        return Bad([FieldError("", "unreadable", f"The row cannot be read: {error}"[:200])])
    return EXAMPLES.read(msgspec.Raw(raw))


class Rows(Protocol):
    """Rows of a file. With `after`, only those behind that mark: a mark and the same file give the same rows again.

    Memory is bounded whatever the size of the file. Raises Unreadable, also while iterating.
    """

    def __call__(
        self, file: IO[bytes], options: Options, questions: Questions, after: Mark | None = None
    ) -> Iterator[Read]: ...


@dataclass(frozen=True)
class Reader:
    """A format.

    `guess(head, filename)` says how likely a file is of it (0 to 1) by its first bytes (64 KB) and its name. `total`
    is how many rows a file has, where that is cheap to know. `propose` gives the questions that a file would have
    asked, for a project that asks none yet; they pass `check_questions`.
    """

    name: str
    title: str | Promise
    rows: Rows
    guess: Callable[[bytes, str], float]
    columns: Callable[[IO[bytes], Options, Questions], Sequence[Column]] | None = None
    total: Callable[[IO[bytes]], int | None] | None = None
    extensions: Sequence[str] = ()
    notes: Callable[[Options, Questions], Sequence[str | Promise]] | None = None
    propose: Callable[[IO[bytes], Options], list[dict[str, Any]]] | None = None


@dataclass
class Formats:
    """The formats that are known, by name."""

    readers: dict[str, Reader] = field(default_factory=dict)

    def add(self, reader: Reader) -> Reader:
        """Make a format known."""
        self.readers[reader.name] = reader
        return reader


FORMATS = Formats()
PREVIEW_ROWS = 20
HEAD = 64 * 1024


def reader_of(name: str) -> Reader:
    """The reader of a format; KeyError where there is none."""
    return FORMATS.readers[name]


def guess_format(head: bytes, filename: str) -> str | None:
    """The format that a file most likely has; None where none is likely."""
    best = max(FORMATS.readers.values(), key=lambda reader: reader.guess(head, filename), default=None)
    return best.name if best is not None and best.guess(head, filename) > 0 else None


def preview(reader: Reader, file: IO[bytes], options: Options, questions: Questions) -> Preview:
    """The first rows of a file, and its columns. Raises Unreadable where not even they can be read."""
    columns = reader.columns(file, options, questions) if reader.columns else ()
    file.seek(0)
    rows = []
    for read in reader.rows(file, options, questions):
        rows.append(read)
        if len(rows) == PREVIEW_ROWS:
            break
    notes = reader.notes(options, questions) if reader.notes else ()
    return Preview(rows, columns, notes)
