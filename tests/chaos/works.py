"""The run of the long works of data: workers and a clock that die again and again, while files come in and go out."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.chaos.kills import CUT
from tests.stack import Program

# What a dead worker held comes back within seconds, not within a minute.
HURRY = {"SLUICE_LONG_LEASE_S": "4", "SLUICE_JOB_LIMIT_S": "4"}
CREW = "from tests.chaos.nursery import main; main()"
LOAD = "from tests.chaos.works_load import main; main({folder!r}, rows={rows}, seconds={seconds})"
LAST = "everything is asked for"
CALM_S = 600  # until all is done that was asked for, and looked at


@dataclass(frozen=True)
class Outcome:
    """What was done, what was broken meanwhile, and what did not hold."""

    seconds: float
    kills: Counter[str]
    works: Mapping[str, int]
    violations: list[str]


class Killer:
    """Breaks those who work, one fault every few seconds; counts what it did."""

    def __init__(self, crew: Program, database: str, seed: int) -> None:
        self.crew, self.database, self.random = crew, database, random.Random(seed)
        self.kills: Counter[str] = Counter()

    def run(self, until: Callable[[], bool]) -> None:
        """Break things until it is so."""
        while not until():
            time.sleep(self.random.uniform(1.5, 4))
            self.strike()

    def strike(self) -> None:
        """SIGKILL for one of those who work, or the end of everybody's connections."""
        family = self.crew.family()
        victim = self.random.randrange(len(family) + 1)
        if victim == len(family):
            with psycopg.connect(self.database, autocommit=True) as connection:
                connection.execute(CUT, [connection.info.backend_pid])
            self.kills["connections"] += 1
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            family[victim].kill()
            self.kills["clock" if f"{family[victim].pid} clock\n" in self.crew.lines else "worker"] += 1


@contextlib.contextmanager
def crew(database: str, environment: Mapping[str, str]) -> Iterator[Program]:
    """Those who work, for as long as the block."""
    with Program("shell", "-v", "0", "-c", CREW, database=database, environment=environment) as working:
        working.wait_for("clock")
        try:
            yield working
        finally:
            members = working.family()
            working.process.kill()
            working.process.wait()
            for member in members:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()


def survive(database: str, folder: Path, *, rows: int, seconds: float, seed: int) -> Outcome:
    """Import, count, freeze, export, promote and erase while everything dies; then wait for calm, and check.

    The database is migrated and empty.
    """
    environment = {"SLUICE_FILES": str(folder / "files"), **HURRY}
    load = LOAD.format(folder=str(folder), rows=rows, seconds=seconds)
    with (
        crew(database, environment) as working,
        Program("shell", "-v", "0", "-c", load, database=database, environment=environment) as loading,
    ):
        loading.wait_for("begun")
        began = time.monotonic()
        killer = Killer(working, database, seed)
        killer.run(until=lambda: loading.process.poll() is not None or f"{LAST}\n" in loading.lines)
        assert loading.process.wait(timeout=CALM_S) == 0, loading.said() + working.said()
    said: dict[str, Any] = json.loads((folder / "outcome.json").read_text())
    print(f"seed {seed}: {dict(killer.kills)}; {said['works']}")
    return Outcome(time.monotonic() - began, killer.kills, said["works"], said["violations"])
