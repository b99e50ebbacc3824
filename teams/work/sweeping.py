"""Files that no row names: what a process that was killed, or a transaction that was rolled back, has left behind.

A file is put in its place before the transaction that names it ends, so that no row ever names what is not there. The
price is this: now and then the clock looks at what is old enough that whoever put it there has ended, and every room
says which of its own files are nobody's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.storage import default_storage

from teams.identity.models import Organization

AGE = timedelta(days=2)  # no transaction is as old
EVERY = timedelta(hours=6)
TURN_S = 0.1  # other sources of due work want their turn
AT_ONCE = 500

# `sweeper(organization, names)`: remove those of these old files that no row names; how many.
Sweeper = Callable[[Organization, list[str]], int]
SWEEPERS: dict[str, Sweeper] = {}


def register_sweeper(folder: str, sweeper: Sweeper) -> None:
    """Make known who looks after a folder that every organization has; called when an app is ready."""
    SWEEPERS[folder] = sweeper


def sweep_round(at: datetime) -> Iterator[int]:
    """Look at every old file of every organization once; yields how many went, some hundred files at a time."""
    for organization in Organization.objects.order_by("pk").iterator():
        for folder, sweeper in SWEEPERS.items():
            for names in old_files(f"{organization.pk}/{folder}", at - AGE):
                yield sweeper(organization, names)


def old_files(folder: str, before: datetime) -> Iterator[list[str]]:
    """The names of files below a folder that were last written before then, some at a time."""
    root, some = Path(default_storage.path("")), []
    for where, _folders, names in os.walk(root / folder):
        for name in names:
            path = Path(where) / name
            if is_older(path, before):
                some.append(path.relative_to(root).as_posix())
            if len(some) == AT_ONCE:
                yield some
                some = []
    if some:
        yield some


def is_older(path: Path, before: datetime) -> bool:
    """Whether a file was last written before then; one that is just gone was not."""
    try:
        return path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False


def remove(names: list[str]) -> int:
    """Remove files; how many. Their folders stay: somebody may be about to put another file there."""
    for name in names:
        default_storage.delete(name)
    return len(names)


class Turns:
    """A round in small turns of the clock; it begins anew some hours after its end, and when a clock starts."""

    def __init__(self) -> None:
        self.going: Iterator[int] | None = None
        self.next_at: datetime | None = None

    def __call__(self, at: datetime) -> int:
        """One turn; how many files went."""
        if self.going is None:
            if self.next_at is not None and at < self.next_at:
                return 0
            self.going, self.next_at = sweep_round(at), at + EVERY
        ends, gone = time.monotonic() + TURN_S, 0
        going, self.going = self.going, None  # a round that fails is over
        while (n := next(going, None)) is not None:
            gone += n
            if time.monotonic() >= ends:
                self.going = going
                break
        return gone
