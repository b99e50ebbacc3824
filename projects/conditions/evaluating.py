"""The same language in plain Python, over one row as a dict: the reference that the SQL is tested against."""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from projects.conditions.compiling import SAMPLE_BUCKETS, operand
from projects.conditions.moments import cast, iso_length
from projects.conditions.nodes import disagreeing, duration
from projects.schemas.fields import FieldSpec, field_specs
from projects.streams.models import Example, Stream
from projects.streams.splits import Cuts

ORDER = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


CORE = (
    "key",
    "captured_at",
    "ingested_at",
    "text",
    "media_type",
    "label",
    "label_state",
    "labeled_at",
    "confidence",
)


class NeedsDatabase(Exception):
    """A condition that no single row decides: it asks for other slices, predictions or annotations."""


def matches(node: dict[str, Any], row: Mapping[str, Any], cuts: Cuts, as_of: datetime) -> bool:
    """Whether a checked, local condition without parameters holds for a row as `row_of` makes it."""
    op, args = node["op"], node["args"]
    match op:
        case "and":
            return all(matches(arg, row, cuts, as_of) for arg in args)
        case "or":
            return any(matches(arg, row, cuts, as_of) for arg in args)
        case "not":
            return not matches(args[0], row, cuts, as_of)
        case "<>":
            return not leaf("=", args, row, as_of)
        case "x_split":
            return cuts.split_of(row["bucket"], row["split_key"]) == args[0]
        case "x_hash_sample":
            return sample_bucket(args[1], row["key"]) < round(args[0] * SAMPLE_BUCKETS / 100)
        case "x_disagrees":
            return row.get(disagreeing(args)[0]) is True
    return leaf(op, args, row, as_of)


def leaf(op: str, args: list[Any], row: Mapping[str, Any], as_of: datetime) -> bool:
    """An operator on a field; false where the value is missing."""
    value = row.get(args[0]["property"])
    if op == "isNull":
        return value is None
    if value is None:
        return False
    match op:
        case "in":
            return value in [operand(item) for item in args[1]]
        case "between":
            return bool(operand(args[1]) <= value <= operand(args[2]))
        case "like":
            return bool(re.fullmatch(pattern(args[1]), value, re.DOTALL | (re.IGNORECASE if args[2:] else 0)))
        case "x_within_last":
            length = duration(args[1])
            return length is not None and as_of - length <= value < as_of
        case "x_within":
            calendar, end = iso_length(args[1]), operand(args[2])
            return calendar is not None and calendar.before(end) <= value < end
        case "a_overlaps":
            return any(text in value for text in args[1])
        case "a_contains":
            return all(text in value for text in args[1])
    return bool(ORDER[op](value, operand(args[1])))


def pattern(text: str) -> str:
    """A LIKE pattern as a regular expression."""
    return "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in text)


def sample_bucket(salt: str, key: str) -> int:
    """0..9999, as in SQL."""
    return int.from_bytes(hashlib.sha256(f"{salt}\x1f{key}".encode()).digest()[:4]) % SAMPLE_BUCKETS


def row_of(example: Example, stream: Stream) -> dict[str, Any]:
    """The values of a stream's local fields by name, as SQL reads them, and where it is split; None for none."""
    values = {spec.name: value_of(example, spec) for spec in field_specs(stream.fields).values()}
    values |= {name: getattr(example, name) for name in CORE}
    said, label = example.predicted, example.label
    differ = None if said is None or label is None else said != label
    own = {"id": float(example.pk), "prediction": said, "disagree.model_human": differ}
    return values | own | {"bucket": example.bucket, "split_key": example.split_key}


def value_of(example: Example, spec: FieldSpec) -> Any:
    """A declared attribute, if it is of its type."""
    if spec.quick:
        return getattr(example, spec.quick)
    return typed(example.attributes.get(spec.name), spec)


def typed(value: Any, spec: FieldSpec) -> Any:
    """A value of JSON as conditions read it; None if it is of another type than declared."""
    match spec.type:
        case "number":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return float(value) if is_number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "timestamp":
            return cast(value)
        case "string[]":
            is_list = isinstance(value, list) and all(isinstance(text, str) for text in value)
            return value if is_list else None
    return value if isinstance(value, str) else None
