"""Who relies on a stream's attributes: higher floors say so here, and what they rely on is not changed under them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from projects.streams.models import Stream


class Dependent(NamedTuple):
    """Something that would mean something else: what people call it, and the attributes that it speaks of."""

    called: str
    fields: frozenset[str]


Source = Callable[[Stream], Iterable[Dependent]]
_sources: list[Source] = []


def register_dependents(source: Source) -> None:
    """Let a room say what of its own relies on attributes; called when an app is ready."""
    if source not in _sources:
        _sources.append(source)


def dependents_of(stream: Stream, names: frozenset[str]) -> list[Dependent]:
    """Everything that speaks of one of these attributes."""
    if not names:
        return []
    return [one for source in _sources for one in source(stream) if one.fields & names]
