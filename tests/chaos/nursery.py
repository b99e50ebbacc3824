"""Processes that work, forked from one that has loaded everything: whoever is killed is there again at once."""

from __future__ import annotations

import os

from django.core.management import call_command
from django.db import connections

from labeling.imports import batches

# Two who work, one that looks at the time.
CREW = (("work", "--all"), ("work", "--all"), ("clock",))


def main() -> None:
    """Keep the crew complete until somebody kills this too; says of each member its number and what it does."""
    batches.ROWS = 200  # of one step: more moments to be killed at, and an end also where everything is slow
    members: dict[int, tuple[str, ...]] = {}
    waiting = list(CREW)
    while True:
        for words in waiting:
            connections.close_all()
            pid = os.fork()
            if not pid:
                be(words)
            members[pid] = words
            print(pid, words[0], flush=True)
        pid, _status = os.wait()
        waiting = [members.pop(pid)]


def be(words: tuple[str, ...]) -> None:
    """Do what a command does; never come back."""
    try:
        call_command(*words)
    finally:
        os._exit(1)
