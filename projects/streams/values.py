"""Values of free-form JSON that read well but that no column can hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from teams.access.problems import FieldError, escape

MAX_DEPTH = 28  # inside a row, which lies some levels deep in the body
MAX_NAME = 120


def has_nul(value: Any) -> bool:
    """Whether a NUL is in any text or name of a JSON value."""
    match value:
        case str():
            return "\x00" in value
        case dict():
            return any(has_nul(key) or has_nul(item) for key, item in value.items())
        case list():
            return any(map(has_nul, value))
    return False


# Numbers that every reader of JSON and every column holds, well within all bounds.
SURE = 9e15


def are_plain(values: dict[str, Any]) -> bool:
    """Whether nothing among them can be odd: what most rows have, told without looking at each by every rule."""
    for value in values.values():
        kind = type(value)
        if kind is str or kind is bool or value is None:
            continue
        if (kind is not float and kind is not int) or not -SURE < value < SURE:
            return False
    return "" not in values and max(map(len, values), default=0) <= MAX_NAME


def odd_values(values: dict[str, Any], at: str) -> Iterable[FieldError]:
    """Names too long, numbers too large, objects too deep: one error for the names, one for each value at fault."""
    if "" in values or max(map(len, values), default=0) > MAX_NAME:
        yield FieldError(at, "name", f"A name has 1 to {MAX_NAME} characters.")
    for name, value in values.items():
        if type(value) is not str and (why := odd(value)) is not None:
            yield FieldError(pointer(at, name), *why)


def odd(value: Any, depth: int = 0) -> tuple[str, str] | None:
    """(code, sentence) of what is wrong inside a value."""
    match value:
        case float() if not math.isfinite(value):
            return "out_of_range", "A number is finite."
        case int() if not -(2**63) <= value < 2**63:
            return "out_of_range", "A whole number fits 64 bits; send a longer one as text."
        case dict() | list() if depth >= MAX_DEPTH:
            return "too_deep", f"A value nests at most {MAX_DEPTH} levels."
        case dict():
            return next((why for item in value.values() if (why := odd(item, depth + 1))), None)
        case list():
            return next((why for item in value if (why := odd(item, depth + 1))), None)
    return None


def pointer(at: str, name: str) -> str:
    """A JSON pointer one member further down, short enough to send back."""
    return f"{at}/{escape(name[:60])}"
