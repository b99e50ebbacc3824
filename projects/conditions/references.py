"""Conditions that refer to slices by name, without knowing what a slice is: whoever does registers itself here."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.db.models import Q

from projects.conditions.nodes import leaves
from projects.streams.models import Stream

DEEPEST = 5
WRITTEN = re.compile(r"([a-z0-9][a-z0-9_-]{0,79})(?:@(latest|[1-9][0-9]{0,8}))?")


class Reference(NamedTuple):
    """A slice by name; without a version it is whatever the name means at the time."""

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


def read(text: Any) -> Reference | None:
    """`name`, `name@latest` or `name@7`; None for anything else."""
    match = WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    return Reference(match[1], int(match[2]) if match[2] not in (None, "latest") else None)


def references_in(node: Any) -> list[Reference]:
    """The slices that a condition names, each once, in order; what is not written as a reference is left out."""
    found = [read(leaf["args"][0]) for leaf in leaves(node) if leaf["op"] == "x_slice"]
    return list(dict.fromkeys(one for one in found if one is not None))


@dataclass(frozen=True)
class Target:
    """One version of a slice: its number, its condition as JSON, and its members as of a moment, as a filter."""

    version: int
    condition: Any
    members: Callable[[datetime], Q]


class ReferenceResolver(Protocol):
    """What the room of the slices supplies."""

    def names(self, stream: Stream) -> list[str]:
        """The slices of a stream, by name."""
        ...

    def targets(self, stream: Stream, wanted: Collection[Reference]) -> Mapping[Reference, Target]:
        """The versions that these stand for; slices that the stream has not are left out."""
        ...


_resolvers: list[ReferenceResolver] = []


def register_resolver(resolver: ReferenceResolver) -> None:
    """Say who knows the slices; called once, when the app is ready."""
    _resolvers[:] = [resolver]


def names_of(stream: Stream) -> list[str]:
    """The slices that a condition over this stream may refer to."""
    return [name for resolver in _resolvers for name in resolver.names(stream)]


class Circle(Exception):
    """A slice that leads back to itself."""


@dataclass
class References:
    """The slices that one condition refers to, directly and through others; each is looked up once.

    `of` is the slice that the condition is going to be saved for: whoever leads back to it makes a circle.
    """

    stream: Stream
    of: str | None = None
    targets: dict[Reference, Target] = field(default_factory=dict)
    depths: dict[Reference, int] = field(default_factory=dict)

    def gather(self, wanted: Collection[Reference]) -> None:
        """Look up these and all that they lead to: one look-up for each level, and no further than may be."""
        missing = set(wanted) - set(self.targets)
        for _level in range(DEEPEST + 1):
            if not missing:
                return
            for resolver in _resolvers:
                self.targets.update(resolver.targets(self.stream, missing))
            missing = {below for one in missing for below in self.below(one)} - set(self.targets)

    def below(self, reference: Reference) -> list[Reference]:
        """What a slice refers to in turn; nothing where it is not known."""
        target = self.targets.get(reference)
        return references_in(target.condition) if target else []

    def depth(self, reference: Reference, path: tuple[Reference, ...] = ()) -> int:
        """How many slices deep a reference goes. Raises Circle."""
        if reference in path or reference == Reference(self.of or ""):
            raise Circle
        if reference not in self.depths:
            below = [self.depth(one, (*path, reference)) for one in self.below(reference)]
            self.depths[reference] = 1 + max(below, default=0)
        return self.depths[reference]

    def reached(self, wanted: Collection[Reference]) -> dict[Reference, Target]:
        """All that these lead to, themselves too, of what is known."""
        found: dict[Reference, Target] = {}
        todo = list(wanted)
        while todo:
            one = todo.pop()
            if one in self.targets and one not in found:
                found[one] = self.targets[one]
                todo += self.below(one)
        return found
