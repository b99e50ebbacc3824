"""A condition as a tree: {"op": name, "args": [...]}.

Operands are {"property": name}, {"timestamp": text}, {"param": name} and JSON values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

LOGIC = ("and", "or", "not")
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
LISTS = ("in", "a_overlaps", "a_contains")

# Which operators a type takes. What is not named here is refused with this list.
OPERATORS: dict[str, tuple[str, ...]] = {
    "string": ("=", "<>", "in", "like", "isNull"),
    "enum": ("=", "<>", "in", "isNull"),
    "number": ("=", "<>", "<", "<=", ">", ">=", "between", "in", "isNull"),
    "boolean": ("=", "<>", "isNull"),
    "timestamp": ("<", "<=", ">", ">=", "between", "isNull", "x_within_last", "x_within"),
    "string[]": ("a_overlaps", "a_contains", "isNull"),
}
# Operators that speak of no field: about the example as a whole.
WHOLE = ("x_hash_sample", "x_split", "x_slice", "x_disagrees")
LEAVES = (*COMPARISONS, "between", *LISTS, "like", "isNull", "x_within_last", "x_within", *WHOLE)
# How many arguments an operator takes, where it is not two.
ARITY: dict[str, tuple[int, ...]] = {
    "between": (3,),
    "isNull": (1,),
    "like": (2, 3),
    "x_within": (3,),
    "x_split": (1,),
    "x_slice": (1,),
    "x_disagrees": (1, 2),
    "not": (1,),
}

MAX_DEPTH = 12
MAX_NODES = 200
MAX_VALUES = 1000
SPLITS = ("train", "val", "test")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# The type of parameter that may stand for a value of a field's type.
PARAM_FOR = {
    "string": "string",
    "enum": "string",
    "number": "number",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "string[]": "string",
}
PARAM_TYPES = ("string", "number", "boolean", "timestamp")


class Node(dict[str, Any]):
    """A node that remembers where in the text it stood; equal to a plain dict of the same content."""

    span: tuple[int, int] | None = None


def prop(name: str) -> Node:
    """A field as an operand."""
    return Node(property=name)


def is_logic(value: Any) -> bool:
    """Whether a node joins or negates others."""
    return isinstance(value, dict) and value.get("op") in LOGIC


def is_param(value: Any) -> bool:
    """Whether an operand is a parameter."""
    return isinstance(value, dict) and set(value) == {"param"}


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """The node and all nodes below it."""
    yield node
    if is_logic(node):
        for child in node["args"]:
            yield from walk(child)


def leaves(node: Any) -> Iterator[dict[str, Any]]:
    """The checked nodes that join no others; none of null."""
    return (one for one in walk(node) if not is_logic(one)) if node is not None else iter(())


def operands(leaf: dict[str, Any]) -> Iterator[Any]:
    """Every operand of a checked leaf, those in lists too."""
    for arg in leaf["args"]:
        yield from arg if isinstance(arg, list) else [arg]


def params_in(node: Any) -> list[str]:
    """The names of the parameters in a checked condition, each time that one stands there."""
    return [one["param"] for leaf in leaves(node) for one in operands(leaf) if is_param(one)]


def fields_in(leaf: dict[str, Any]) -> list[str]:
    """The fields that a checked leaf needs."""
    if leaf["op"] == "x_disagrees":
        return disagreeing(leaf["args"])
    return [] if leaf["op"] in WHOLE else [leaf["args"][0]["property"]]


def disagreeing(who: list[str]) -> list[str]:
    """The fields that a disagreement is read from: one that says so itself, or two that differ."""
    if who == ["annotators"]:
        return ["disagree.human"]
    if who == ["model", "human"]:
        return ["disagree.model_human"]
    return [f"pred.{name}.label" for name in who]


def duration(text: Any) -> timedelta | None:
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
    return value if value.tzinfo is not None and 1900 <= value.year < 9000 else None
