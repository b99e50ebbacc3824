"""The attributes that conditions speak of, as they are kept."""

from __future__ import annotations

from typing import Any

from projects.conditions.nodes import fields_in, leaves


def names_in(node: Any) -> frozenset[str]:
    """Every field that a condition, as JSON, speaks of; none for null."""
    return frozenset(name for leaf in leaves(node) for name in fields_in(leaf))
