"""The condition of a slice version, read with the parameters that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projects.conditions import Condition
from projects.conditions.relying import names_in
from projects.streams.models import Stream
from slices.definitions.models import SliceVersion


def condition_of(version: SliceVersion, stream: Stream | None = None) -> Condition:
    """What a version asks of its members. Raises ConditionError where the stream's fields were changed under it."""
    return Condition.from_json(version.condition, stream or version.slice.stream, params=version.params)


def counted_by(version: SliceVersion, stream: Stream | None = None) -> Condition:
    """The condition that live counts go by: a fixed percentage is a part of it, for no other row decides that."""
    condition, sample = condition_of(version, stream), version.sample
    if sample is None or sample["kind"] != "hash_percent":
        return condition
    draw = {"op": "x_hash_sample", "args": [sample["percent"], sample["salt"]]}
    parts = [part.json for part in condition.clauses()]
    return condition.part({"op": "and", "args": [*parts, draw]} if parts else draw)


def spoken_of(
    condition: Any, dedupe: Mapping[str, str] | None, sample: Mapping[str, Any] | None
) -> list[str]:
    """The fields that a checked meaning asks about, tells doubles by or draws by."""
    drawn_by = frozenset((sample or {}).get("by", ()))
    return sorted(names_in(condition) | drawn_by | ({dedupe["by"]} if dedupe else frozenset()))
