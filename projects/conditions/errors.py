"""What can be wrong with a condition, all of it at once, each with its spot."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class ConditionError(ValueError):
    """A condition that cannot be used; `errors` are dicts with code, pointer, detail and, from text, span."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(error["detail"] for error in errors))
        self.errors = errors


def error(code: str, pointer: str, detail: str, node: Any = None, **more: Any) -> dict[str, Any]:
    """One thing that is wrong."""
    span = getattr(node, "span", None)
    found: dict[str, Any] = {"code": code, "pointer": pointer, "detail": detail}
    if span is not None:
        found["span"] = list(span)
    return found | more


def suggestions(name: str, known: Iterable[str]) -> list[str]:
    """What may have been meant."""
    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
