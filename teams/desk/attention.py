"""What a manager should look at: every floor adds its own sources, the desk's first page shows what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

from teams.identity.models import Organization


@dataclass(frozen=True)
class Call:
    """One sentence, where to go, and how much it matters."""

    sentence: str | Promise
    url: str
    tone: Literal["bad", "warn", "info"] = "warn"


Source = Callable[[Organization], Iterable[Call]]
_sources: list[Source] = []
_ORDER = {"bad": 0, "warn": 1, "info": 2}


def attention(source: Source) -> Source:
    """Register a source; called when an `admin.py` is read."""
    _sources.append(source)
    return source


def calls_for(organization: Organization) -> list[Call]:
    """Everything that needs attention there, the worst first."""
    return sorted(_all(organization), key=lambda call: _ORDER[call.tone])


def _all(organization: Organization) -> Iterator[Call]:
    for source in _sources:
        yield from source(organization)
