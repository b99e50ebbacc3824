"""CSV: a line of names, then a row each; commas, semicolons or tabs, quotes where needed, UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any, NamedTuple

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.imports.readers.columns import Table, guesses, roles
from labeling.imports.readers.lines import MAX_LINE, Line, LineMark, lines, mark_of
from labeling.imports.readers.questions import Seen, name_of, proposed
from labeling.imports.reading import (
    FORMATS,
    Column,
    Mark,
    Options,
    Questions,
    Read,
    Reader,
    Unreadable,
    row_of,
)
from projects.streams.rows import Bad, RowIn
from teams.access.problems import FieldError

DELIMITERS = ",;\t|"
MAX_QUOTED = 1024 * 1024  # of a cell that goes on over several lines
MAX_COLUMNS = 500
OPEN = "unexpected end of data"  # what the csv module says of a quote that nothing closes
SAMPLED = 50  # rows
SHOWN = 3  # values
PROPOSED = (
    20_000  # rows whose labels are read to propose a question; a class that comes later is a row's error
)
CLASSES = 200  # different values; a column with more of them holds free text
NOT_UTF8 = "This line is not UTF-8; save the file as UTF-8 (in a spreadsheet: “CSV UTF-8”)."
csv.field_size_limit(MAX_LINE)


class Record(NamedTuple):
    """A row's cells or what is wrong with them, the lines that it stands on, and where the next one begins."""

    cells: list[str] | FieldError
    first: int
    last: int
    after: LineMark


class Head(NamedTuple):
    """The line of names."""

    names: list[str]
    delimiter: str
    after: LineMark


def rows(
    file: IO[bytes], options: Options, questions: Questions, after: Mark | None = None
) -> Iterator[Read]:
    """A row for every line below the names. Raises Unreadable where the names make no sense."""
    head = head_of(file, options)
    table = Table(head.names, options, questions)
    for record in records(file, head.delimiter, mark_of(after) or head.after):
        yield Read(made(table, record), place(record), msgspec.to_builtins(record.after))


def made(table: Table, record: Record) -> RowIn | Bad:
    """The row of a record."""
    if isinstance(record.cells, FieldError):
        return Bad([record.cells])
    found, wanted = len(record.cells), len(table.names)
    if found != wanted:
        return Bad([FieldError("", "columns", f"This row has {found} cells; the first line names {wanted}.")])
    return row_of(table.row(record.cells))


def place(record: Record) -> str:
    """Where a person finds it."""
    if record.first == record.last:
        return _("line %(n)s") % {"n": record.first}
    return _("lines %(first)s to %(last)s") % {"first": record.first, "last": record.last}


def head_of(file: IO[bytes], options: Options) -> Head:
    """The names of the columns. Raises Unreadable for a file without any, or with two the same."""
    first = next((line for line in lines(file) if line.raw is None or line.raw.strip()), None)
    if first is None:
        raise Unreadable(_("This file is empty."), code="empty")
    text = decoded(first)
    if isinstance(text, FieldError):
        raise Unreadable(text.detail, code=text.code, place=_("line %(n)s") % {"n": first.number})
    delimiter = str(options.more.get("delimiter") or max(DELIMITERS, key=text.count))
    if len(delimiter) != 1:
        raise Unreadable(_("Cells are told apart by one character."), code="delimiter")
    names = cells_of(text, delimiter)
    if isinstance(names, FieldError):
        raise Unreadable(names.detail, code=names.code, place=_("line %(n)s") % {"n": first.number})
    names = [name.strip() for name in names]
    check_names(names)
    return Head(names, delimiter, first.after)


def check_names(names: list[str]) -> None:
    """Columns are told apart by their names."""
    if len(names) > MAX_COLUMNS:
        raise Unreadable(_("A table has at most %(n)s columns here.") % {"n": MAX_COLUMNS}, code="columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        named = _("Two columns are called “%(name)s”.") % {"name": twice[0][:80]}
        raise Unreadable(named if twice[0] else _("Two columns have no name."), code="columns")


def records(file: IO[bytes], delimiter: str, after: LineMark) -> Iterator[Record]:
    """The rows behind a mark; one whose quote nothing closes is its first line, and reading goes on below it."""
    while True:
        again: LineMark | None = None
        found = lines(file, after)
        for line in found:
            after = line.after
            if line.raw is not None and not line.raw.strip():
                continue
            record = record_of(line, found, delimiter)
            after = record.after
            yield record
            if is_unclosed(record):
                again = after
                break
        if again is None:
            return


def is_unclosed(record: Record) -> bool:
    """Whether the lines below were read in vain."""
    return isinstance(record.cells, FieldError) and record.cells.code == "quote"


def record_of(line: Line, following: Iterator[Line], delimiter: str) -> Record:
    """The row that begins on a line, with the lines that a quoted cell goes on over."""
    text = decoded(line)
    cells = text if isinstance(text, FieldError) else cells_of(text, delimiter)
    if cells != UNCLOSED:
        return Record(cells, line.number, line.number, line.after)
    parts, size = [text], len(line.raw or b"")
    for more in following:
        text = decoded(more)
        size += len(more.raw or b"")
        if isinstance(text, FieldError) or size > MAX_QUOTED:
            break
        parts.append(text)
        if '"' in text and (cells := cells_of("\n".join(map(str, parts)), delimiter)) != UNCLOSED:
            return Record(cells, line.number, more.number, more.after)
    return Record(UNCLOSED, line.number, line.number, line.after)


UNCLOSED = FieldError("", "quote", "A quote that opens on this line is never closed.")


def decoded(line: Line) -> str | FieldError:
    """The text of a line."""
    if line.raw is None:
        return FieldError("", "too_large", f"A line has at most {MAX_LINE // 1024 // 1024} MB.")
    try:
        return line.raw.decode()
    except UnicodeDecodeError:
        return FieldError("", "encoding", NOT_UTF8)


def cells_of(text: str, delimiter: str) -> list[str] | FieldError:
    """The cells of a row."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return UNCLOSED if str(error) == OPEN else FieldError("", "csv", f"The row cannot be read: {error}.")


def columns(file: IO[bytes], options: Options, questions: Questions) -> Sequence[Column]:
    """The columns with a few of their values, and what they most likely are."""
    head = head_of(file, options)
    guessed = guesses(head.names, questions)
    seen = [
        record.cells
        for record in islice(records(file, head.delimiter, head.after), SAMPLED)
        if not isinstance(record.cells, FieldError) and len(record.cells) == len(head.names)
    ]
    values = [[row[index] for row in seen if row[index].strip()] for index in range(len(head.names))]
    return [
        Column(name, tuple(dict.fromkeys(values[index]))[:SHOWN], guessed[name], type_of(values[index]))
        for index, name in enumerate(head.names)
    ]


def type_of(values: Sequence[str]) -> str:
    """The type that all values have; a number that begins with a zero is a name."""
    if values and all(value.strip().lower() in ("true", "false") for value in values):
        return "boolean"
    if values and all(is_number(value.strip()) for value in values):
        return "number"
    return "string"


def is_number(text: str) -> bool:
    """Whether a cell is a number to whoever wrote it."""
    try:
        float(text)
    except ValueError:
        return False
    digits = text.lstrip("-")
    return digits[:1].isdigit() and not (len(digits) > 1 and digits[0] == "0" and digits[1].isdigit())


def propose(file: IO[bytes], options: Options) -> list[dict[str, Any]]:
    """A question for each column of labels: which of the values, or free text where there are too many."""
    head = head_of(file, options)
    said = [role.partition(":") for role in roles(head.names, options, ()).values()]
    columns = {
        index: of or head.names[index] for index, (kind, _colon, of) in enumerate(said) if kind == "label"
    }
    seen = {index: Seen("choice", name.replace("_", " ").capitalize()) for index, name in columns.items()}
    read = 0
    for record in islice(records(file, head.delimiter, head.after), PROPOSED if seen else 0):
        if isinstance(record.cells, FieldError) or len(record.cells) != len(head.names):
            continue
        read += 1
        for index, column in seen.items():
            if value := record.cells[index].strip():
                column.add([value])
    for column in seen.values():
        column.kind = "text" if len(column.options) > CLASSES else "choice"
    return proposed({name_of(columns[index]): column for index, column in seen.items()}, read)


def notes(options: Options, questions: Questions) -> Sequence[str]:
    """What a person should know before they take it."""
    if questions:
        return ()
    return (_("The project asks no questions yet: labels of this file cannot be taken before it does."),)


def guess(head: bytes, filename: str) -> float:
    """By its name, or by two lines with as many commas."""
    if filename.lower().removesuffix(".gz").endswith((".csv", ".tsv")):
        return 0.9
    first, _newline, rest = head.partition(b"\n")
    second = rest.partition(b"\n")[0]
    if first.lstrip()[:1] in (b"{", b"[") or b"\x00" in first:
        return 0.0
    same = any(first.count(d.encode()) == second.count(d.encode()) > 0 for d in DELIMITERS)
    return 0.3 if same else 0.0


FORMATS.add(
    Reader(
        "csv",
        gettext_lazy("A table (CSV)"),
        rows,
        guess,
        columns=columns,
        extensions=(".csv", ".tsv", ".csv.gz"),
        notes=notes,
        propose=propose,
    )
)
