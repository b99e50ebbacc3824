"""A row as columns: what every table of a snapshot has, and one typed column for each declared attribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from projects.schemas.fields import FieldSpec, Moment
from slices.snapshots.rows import Line, Row

ATTRIBUTE = "attr_"  # no other column begins so, whatever an attribute is called
MOMENT = pa.timestamp("us", tz="UTC")
SAID = pa.struct(
    [
        ("model", pa.string()),
        ("version", pa.string()),
        ("label", pa.string()),
        ("confidence", pa.float64()),
    ]
)
TYPES = {
    "string": pa.string(),
    "enum": pa.string(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": MOMENT,
    "string[]": pa.list_(pa.string()),
}


class Column(NamedTuple):
    """One column: its name, its type, and what a row holds there."""

    name: str
    type: pa.DataType
    value: Callable[[Row], Any]


COLUMNS = [
    Column("example_id", pa.int64(), lambda row: row.example_id),
    Column("key", pa.string(), lambda row: row.key),
    Column("split", pa.string(), lambda row: row.split),
    Column("label", pa.string(), lambda row: row.label),
    Column("answer", pa.string(), lambda row: json_text(row.answer)),
    Column("captured_at", MOMENT, lambda row: datetime.fromisoformat(row.captured_at)),
    Column("attributes", pa.string(), lambda row: bytes(row.attributes).decode()),
    Column("text", pa.string(), lambda row: row.text),
    Column("media_uri", pa.string(), lambda row: row.media_uri),
    Column("media_type", pa.string(), lambda row: row.media_type),
    Column("annotation_id", pa.int64(), lambda row: row.annotation_id),
    Column("predictions", pa.list_(SAID), lambda row: [msgspec.to_builtins(one) for one in row.predictions]),
]


def json_text(value: msgspec.Raw) -> str | None:
    """JSON as text; None for null."""
    text = bytes(value).decode()
    return None if text == "null" else text


def schema_of(fields: Sequence[FieldSpec], columns: Sequence[Column] = COLUMNS) -> pa.Schema:
    """The columns of a table, typed."""
    attributes = [(ATTRIBUTE + spec.name, TYPES[spec.type]) for spec in fields]
    return pa.schema([(column.name, column.type) for column in columns] + attributes)


def table_of(
    lines: Sequence[Line], fields: Sequence[FieldSpec], columns: Sequence[Column] = COLUMNS
) -> list[pa.Array]:
    """Some lines as columns, in the order of the schema."""
    rows = [line.row for line in lines]
    found = [pa.array([column.value(row) for row in rows], column.type) for column in columns]
    if fields:
        values = [msgspec.json.decode(row.attributes) for row in rows]
        found += [
            pa.array([typed(spec, one.get(spec.name)) for one in values], TYPES[spec.type]) for spec in fields
        ]
    return found


def typed(spec: FieldSpec, value: Any) -> Any:
    """An attribute in its column's type; None where it came before it was declared, and is of another."""
    if value is None or not spec.accepts(value):
        return None
    match spec.type:
        case "number":
            return float(value) if abs(value) < 1e308 else None  # JSON has integers that no float holds
        case "timestamp":
            return msgspec.convert(value, Moment)
    return value
