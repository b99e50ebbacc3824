"""Who keeps what of an example: every room says how it forgets one, and an erasure asks them all.

`projects/erasure` marks examples, then works through these. An eraser is called with the same examples again after a
crash, so it removes what it finds and says how many things that were; finding none is no error.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from django.utils.functional import Promise

from teams.identity.models import Organization


def key_digest(organization: Organization, stream_id: int, key: str) -> str:
    """What stays of an example's key: HMAC-SHA256 under the organization's key, told apart by stream."""
    return hmac.digest(bytes(organization.digest_key), f"{stream_id}\x1f{key}".encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Doomed:
    """Examples that go, and what is still known of them: keyed digests, never what they held."""

    organization: Organization
    example_ids: tuple[int, ...]
    keys: Collection[str] = field(default=frozenset())  # `key_digest` of each
    media: Collection[str] = field(default=frozenset())  # digests of uploads (`media.digest_of`)

    def holds(self, stream_id: int, key: str) -> bool:
        """Whether the example of this key is among them; for who knows keys only, like a report of errors."""
        return key_digest(self.organization, stream_id, key) in self.keys


Eraser = Callable[[Doomed], int]


class NotYet(Exception):
    """An eraser must wait for somebody else's work in progress; it is asked again in a moment."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An eraser by name. `words` say what it removes; `count` says beforehand how much that would be."""

    name: str
    erase: Eraser
    words: str | Promise
    at_once: bool
    count: Eraser | None


ERASERS: dict[str, Registered] = {}


def register_eraser(
    name: str,
    erase: Eraser,
    *,
    words: str | Promise = "",
    at_once: bool = False,
    count: Eraser | None = None,
) -> None:
    """Make an eraser known; called when an app is ready. The floors below are asked last.

    Most run in a job of their own after the examples are gone: rows and files that hold copies. One that is
    `at_once` runs inside the transaction that removes the examples, while they are still there: rows that point at
    them, set-wise, because the database would refuse to let a pointer dangle.
    """
    ERASERS[name] = Registered(name, erase, words or name, at_once, count)


def erasers(*, at_once: bool) -> list[Registered]:
    """Those of one kind, the highest floor first: what points at something goes before it."""
    return [row for row in reversed(ERASERS.values()) if row.at_once == at_once]


def eraser_of(name: str) -> Registered | None:
    """The eraser of this name; None for one that there is no more."""
    return ERASERS.get(name)
