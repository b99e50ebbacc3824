"""CSV that no spreadsheet takes for formulas.

A cell that begins with = + - @, their full-width forms, a tab or a line's end gets an apostrophe in front; so does one
that begins with apostrophes and then one of these. Taking one apostrophe away from every cell that begins with
apostrophes and one of these gives the exact text back. What is empty was empty or missing: CSV cannot tell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from django.utils.translation import gettext_noop

from projects.schemas.fields import FieldSpec
from slices.snapshots.bench import Bench
from slices.snapshots.columns import ATTRIBUTE, COLUMNS, json_text
from slices.snapshots.rows import Line

VERSION = "1"
FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NAMES = [column.name for column in COLUMNS]
LOSSES = (
    gettext_noop("Text that begins like a formula has an apostrophe in front."),
    gettext_noop("An empty cell was empty or missing; CSV cannot tell."),
    gettext_noop("Answers, attributes and predictions are JSON in a cell."),
)


def write_csv(bench: Bench) -> None:
    """One file: a head, then a line a member."""
    file = bench.draft()
    fields = bench.fields
    file.write(written([[*NAMES, *(ATTRIBUTE + spec.name for spec in fields)]]))
    for lines in bench.lines():
        file.write(written([cells(line, fields) for line in lines]))
    bench.lossy += LOSSES
    bench.finish(f"{bench.stem}.csv", file, bench.rows)


def written(rows: list[list[str]]) -> bytes:
    """Rows as RFC 4180 has them, in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([[safe(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def cells(line: Line, fields: Sequence[FieldSpec]) -> list[str]:
    """The cells of one member."""
    row = line.row
    found = [
        str(row.example_id),
        row.key,
        row.split,
        row.label or "",
        json_text(row.answer) or "",
        row.captured_at,
        bytes(row.attributes).decode(),
        row.text,
        row.media_uri,
        row.media_type,
        str(row.annotation_id or ""),
        msgspec.json.encode(row.predictions).decode(),
    ]
    if fields:
        values = msgspec.json.decode(row.attributes)
        found += [shown(spec, values.get(spec.name)) for spec in fields]
    return found


def shown(spec: FieldSpec, value: Any) -> str:
    """An attribute as a cell; empty where it came before it was declared, and is of another type."""
    if value is None or not spec.accepts(value):
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def safe(cell: str) -> str:
    """The cell, with an apostrophe in front where it could be taken for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell
