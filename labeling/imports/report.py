"""The rows of an import that were not taken, as a file: what is wrong, a line for each thing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import msgspec

from labeling.imports.models import Import, RejectedRow
from teams.desk.export import Line, safe

TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
COLUMNS = ("place", "key", "pointer", "code", "detail")
AT_ONCE = 1000


def report(row: Import, kind: str) -> Iterator[bytes]:
    """The file, some rows at a time; the CSV holds nothing that a spreadsheet takes for a formula."""
    write = csv.writer(Line()).writerow
    if kind == "csv":
        yield write(COLUMNS).encode()
    last = 0
    while rows := list(page(row, last)):
        last = rows[-1].pk
        said = [fault for one in rows for fault in faults(one)]
        if kind == "csv":
            yield "".join(write([safe(fault[name]) for name in COLUMNS]) for fault in said).encode()
        else:
            yield b"".join(msgspec.json.encode(fault) + b"\n" for fault in said)


def page(row: Import, last: int) -> Any:
    """The next rows, by id: nothing is held open while the file goes out."""
    rows = row.organization.rejected_rows.filter(source=row, pk__gt=last)
    return rows.order_by("pk")[:AT_ONCE]


def faults(rejected: RejectedRow) -> Iterator[dict[str, Any]]:
    """What is wrong with a row."""
    for error in rejected.errors:
        yield {"place": rejected.place, "key": rejected.key} | error
