"""Where a negation takes examples that lack a value: `label <> 'cart'` is also met by what has no label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from projects.conditions.condition import Condition, flat
from projects.conditions.nodes import fields_in, is_logic

# What every example has.
ALWAYS_THERE = frozenset({"key", "captured_at", "ingested_at", "text", "media_type", "label_state"})


def lacking(condition: Condition) -> list[str]:
    """The fields whose absence meets a negated part, unless another part asks for a value of them."""
    if condition.json is None:
        return []
    asked = {name for part in flat(condition.json) for name in asks_for(part)}
    taken = {name for leaf in met_by_absence(condition.json, True) for name in fields_in(leaf)}
    return sorted(taken - asked - ALWAYS_THERE)


def asks_for(part: dict[str, Any]) -> list[str]:
    """The fields that must have a value for a part at the top to hold."""
    if part["op"] == "not" and part["args"][0]["op"] == "isNull":
        return fields_in(part["args"][0])
    return [] if is_logic(part) or part["op"] in ("<>", "isNull") else fields_in(part)


def met_by_absence(node: dict[str, Any], wanted: bool) -> Iterator[dict[str, Any]]:
    """The leaves that an example without a value meets, as the sign before them has it."""
    if is_logic(node):
        for arg in node["args"]:
            yield from met_by_absence(arg, wanted ^ (node["op"] == "not"))
    elif node["op"] != "isNull" and (node["op"] == "<>") is wanted:
        yield node
