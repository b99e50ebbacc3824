"""One form for conditions that mean the same, and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from projects.conditions.nodes import LISTS


def canonical(node: Any) -> Any:
    """Flattened, sorted, without doubles: members do not change.

    `and` and `or` are flattened, sorted and freed of repeats; `not not` goes; the values of lists are sorted;
    a slice without a version is its latest.
    """
    if not isinstance(node, dict) or "op" not in node:
        return plain(node)
    op, args = node["op"], node["args"]
    if op in ("and", "or"):
        return joined(op, [canonical(arg) for arg in args])
    if op == "not":
        inner = canonical(args[0])
        return inner["args"][0] if inner["op"] == "not" else {"op": "not", "args": [inner]}
    if op in LISTS:
        return {"op": op, "args": [plain(args[0]), unique([plain(value) for value in args[1]])]}
    if op == "x_slice":
        return {"op": op, "args": [args[0].removesuffix("@latest")]}
    return {"op": op, "args": [plain(arg) for arg in args]}


def joined(op: str, args: list[Any]) -> Any:
    """`and` or `or` of canonical parts."""
    flat = [part for arg in args for part in (arg["args"] if arg["op"] == op else [arg])]
    parts = unique(flat)
    return parts[0] if len(parts) == 1 else {"op": op, "args": parts}


def unique(values: list[Any]) -> list[Any]:
    """Sorted by their JSON, each once."""
    return [value for _text, value in sorted({dumps(value): value for value in values}.items())]


def plain(value: Any) -> Any:
    """Without the spans that a text leaves on its nodes."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def dumps(value: Any) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def definition_hash(node: Any) -> str:
    """SHA-256 over the canonical form; null (everything) has one too."""
    return hashlib.sha256(dumps(canonical(node)).encode()).hexdigest()
