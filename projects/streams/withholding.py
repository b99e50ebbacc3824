"""Attributes that are personal are shown to those who may see other people's answers, and withheld from the others."""

from __future__ import annotations

from typing import Any, NamedTuple

from projects.schemas.fields import field_specs
from projects.streams.models import Example, Stream
from teams.identity.models import User

PERSONAL = "projects.view_answers_project"


class Shown(NamedTuple):
    """The attributes that may be seen, and the names of those that are there but withheld."""

    attributes: dict[str, Any]
    withheld: list[str]


def personal_in(stream: Stream) -> frozenset[str]:
    """The names of a stream's personal attributes."""
    return frozenset(spec.name for spec in field_specs(stream.fields).values() if spec.pii)


def withheld_from(stream: Stream, may_see: bool) -> frozenset[str]:
    """The attributes of which somebody sees the names only."""
    return frozenset() if may_see else personal_in(stream)


def shown_of(example: Example, personal: frozenset[str]) -> Shown:
    """An example's attributes without those that are withheld; nothing is, where `personal` is empty."""
    given: dict[str, Any] = example.attributes
    withheld = sorted(personal & given.keys())
    return Shown({name: value for name, value in given.items() if name not in withheld}, withheld)


def shown_to(user: User, example: Example) -> Shown:
    """An example's attributes as a person sees them."""
    personal = personal_in(example.stream)
    may_see = not personal or user.has_perm(PERSONAL, example.stream.project)
    return shown_of(example, frozenset() if may_see else personal)
