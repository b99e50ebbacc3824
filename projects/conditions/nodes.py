"""A condition as a tree: {"op": name, "args": [...]}, with {"property": name} and {"timestamp": text} as operands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

LOGIC = ("and", "or", "not")
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")

# Which operators a type takes. What is not named here is refused with this list.
OPERATORS: dict[str, tuple[str, ...]] = {
    "string": ("=", "<>", "in", "like", "isNull"),
    "enum": ("=", "<>", "in", "isNull"),
    "number": ("=", "<>", "<", "<=", ">", ">=", "between", "in", "isNull"),
    "boolean": ("=", "<>", "isNull"),
    "timestamp": ("<", "<=", ">", ">=", "between", "isNull", "x_within_last"),
}
# How many arguments an operator takes, where it is not two.
ARITY: dict[str, tuple[int, ...]] = {
    "between": (3,),
    "isNull": (1,),
    "like": (2, 3),
    "x_split": (1,),
    "not": (1,),
}

MAX_DEPTH = 12
MAX_NODES = 200
MAX_VALUES = 1000
SPLITS = ("train", "val", "test")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Node(dict[str, Any]):
    """A node that remembers where in the text it stood; equal to a plain dict of the same content."""

    span: tuple[int, int] | None = None


def prop(name: str) -> Node:
    """A field as an operand."""
    return Node(property=name)


def is_logic(value: Any) -> bool:
    """Whether a node joins or negates others."""
    return isinstance(value, dict) and value.get("op") in LOGIC


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """The node and all nodes below it."""
    yield node
    if is_logic(node):
        for child in node["args"]:
            yield from walk(child)


def duration(text: str) -> timedelta | None:
    """`90s 15m 2h 60d 4w` as fixed lengths of time (a day is 24 hours); None for anything else."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", text) if isinstance(text, str) else None
    if match is None:
        return None
    seconds = int(match[1]) * UNITS[match[2]]
    return timedelta(seconds=seconds) if seconds <= 100 * 366 * 86_400 else None


def moment(text: Any) -> datetime | None:
    """An RFC 3339 time with its zone; None for anything else."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value if value.tzinfo is not None and 1900 <= value.year <= 9000 else None
