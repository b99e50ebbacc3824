"""The same language in plain Python, over one row as a dict: the reference that the SQL is tested against."""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from projects.conditions.compiling import SAMPLE_BUCKETS, Cuts, operand
from projects.conditions.nodes import duration

ORDER = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def matches(node: dict[str, Any], row: Mapping[str, Any], cuts: Cuts, as_of: datetime) -> bool:
    """Whether a checked condition holds for a row: field values by name, with `key` and `bucket`."""
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
            low, high = cuts[args[0]]
            return bool(low <= row["bucket"] < high)
        case "x_hash_sample":
            return sample_bucket(args[1], row["key"]) < round(args[0] * SAMPLE_BUCKETS / 100)
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
    return bool(ORDER[op](value, operand(args[1])))


def pattern(text: str) -> str:
    """A LIKE pattern as a regular expression."""
    return "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in text)


def sample_bucket(salt: str, key: str) -> int:
    """0..9999, as in SQL."""
    return int.from_bytes(hashlib.sha256(f"{salt}\x1f{key}".encode()).digest()[:4]) % SAMPLE_BUCKETS
