"""Where a request came from, for whoever records what it did. Work of the clock and of jobs comes from nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Origin:
    """An address, a program that says its name, and the token it came with."""

    address: str | None = None
    agent: str = ""
    token_id: int | None = None


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("sluice_origin", default=NOWHERE)


def current() -> Origin:
    """Where what is going on now came from."""
    return _current.get()


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """What is recorded inside came from there."""
    before = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(before)


def with_token(token_id: int) -> None:
    """From here to the end of the request it is this token's doing."""
    _current.set(replace(_current.get(), token_id=token_id))
