"""The faults: at moments that a seed decides, kill -9 of a process or the loss of all its connections."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter

import psutil
import psycopg

from tests.stack import Program

VICTIMS = ("uvicorn", "qcluster", "work", "clock", "connections")
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    " AND backend_type = 'client backend'"
)


class Killer:
    """Breaks a running Sluice, one fault every one to three seconds; counts what it did."""

    def __init__(self, stack: Program, database: str, seed: int) -> None:
        self.stack, self.database = stack, database
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()

    def run(self, seconds: float) -> None:
        """Break things for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, self.random.uniform(1, 3)))
            self.strike(self.random.choice(VICTIMS))

    def strike(self, victim: str) -> None:
        """One fault; a cluster loses any one of its processes, not always the first."""
        if victim == "connections":
            with psycopg.connect(self.database, autocommit=True) as connection:
                connection.execute(CUT, [connection.info.backend_pid])
            self.done[victim] += 1
            return
        members = self.stack.members(victim)
        if members:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.random.choice(members).kill()
                self.done[victim] += 1
