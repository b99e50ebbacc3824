"""What arrives on a stream without being declared: names, likely types and some values, from its newest examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from projects.schemas.fields import NAME, RESERVED, FieldSpec
from projects.streams.models import Stream

SAMPLE = 1_000  # examples
MOST = 50  # names
VALUES = 3
LONGEST = 60
# In this order: what could be a time is a text too.
GUESSES = tuple(FieldSpec("", name) for name in ("number", "boolean", "timestamp", "string", "string[]"))


class Seen(NamedTuple):
    """An attribute that is not declared: how many of the sampled examples have it, and what it looks like.

    `fits` are those of them whose value is of the type. `can` says whether it could be declared by this name.
    """

    name: str
    type: str
    n: int
    fits: int
    share: float
    examples: list[str]
    can: bool


@dataclass
class Tally:
    """What was seen of one name."""

    n: int = 0
    types: Counter[str] = field(default_factory=Counter)
    values: dict[str, None] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """One more value."""
        self.n += 1
        self.types[guess(value)] += 1
        if len(self.values) < VALUES:
            self.values[msgspec.json.encode(value).decode()[:LONGEST]] = None


class Undeclared(NamedTuple):
    """The attributes that are not declared, the most frequent first, among so many sampled examples."""

    seen: list[Seen]
    sampled: int


def undeclared(stream: Stream) -> Undeclared:
    """Look at the newest examples of a stream; a bounded number of rows, whatever its size."""
    rows = (
        stream.organization.examples.filter(stream=stream)
        .order_by("-pk")
        .values_list("attributes", flat=True)
    )
    known = {row["name"] for row in stream.fields}
    tallies: dict[str, Tally] = {}
    sampled = 0
    for attributes in rows[:SAMPLE]:
        sampled += 1
        for name, value in attributes.items():
            if name not in known and value is not None:
                tallies.setdefault(name, Tally()).add(value)
    frequent = sorted(tallies.items(), key=lambda one: (-one[1].n, one[0]))[:MOST]
    return Undeclared([said(name, tally, sampled) for name, tally in frequent], sampled)


def said(name: str, tally: Tally, sampled: int) -> Seen:
    """A tally in words."""
    type_, fits = tally.types.most_common(1)[0]
    can = bool(type_) and NAME.match(name) is not None and name.lower() not in RESERVED
    return Seen(
        name, type_ or "string", tally.n, fits if type_ else 0, tally.n / sampled, list(tally.values), can
    )


def guess(value: Any) -> str:
    """The type that a value would be declared with; empty for an object, which none takes."""
    return next((spec.type for spec in GUESSES if spec.accepts(value)), "")
