"""The condition of a slice version, read with the parameters that it declares."""

from __future__ import annotations

from projects.conditions import Condition
from projects.streams.models import Stream
from slices.definitions.models import SliceVersion


def condition_of(version: SliceVersion, stream: Stream | None = None) -> Condition:
    """What a version asks of its members. Raises ConditionError where the stream's fields were changed under it."""
    return Condition.from_json(version.condition, stream or version.slice.stream, params=version.params)
