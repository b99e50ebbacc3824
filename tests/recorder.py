"""What benchmarks and chaos runs leave behind: a JSON list with one entry per name, and the README's table of it."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.db import connection

HERE = Path(__file__).parent
BENCHMARKS = HERE / "benchmarks" / "results.json"
CHAOS = HERE / "chaos" / "results.json"


@dataclass(frozen=True)
class Goal:
    """What the middle of the ratios should be."""

    sign: Literal["<=", ">="]
    bound: float

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"

    def is_met_by(self, ratio: float) -> bool:
        """Whether this ratio is as good as the goal."""
        return ratio <= self.bound if self.sign == "<=" else ratio >= self.bound


def busy() -> float:
    """Seconds of CPU that this process and its database connection's backend have used.

    What others do on the machine, and waiting for its disk, is not in it. Seconds on the wall where the system does
    not tell of the backend: it is on another machine, or not Linux.
    """
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    try:
        told = Path(f"/proc/{pid}/schedstat").read_text() if "postgres" in name_of(pid) else ""
    except OSError:
        told = ""
    return time.process_time() + int(told.split()[0]) / 1e9 if told else time.perf_counter()


def name_of(pid: int) -> str:
    """What a process here is called."""
    return Path(f"/proc/{pid}/comm").read_text()


def interleaved(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[tuple[float, float]]:
    """(seconds of ours, seconds of theirs) for each round, one after the other so that both see the same machine."""
    return [(seconds(ours, clock), seconds(theirs, clock)) for _ in range(rounds)]


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long one call takes."""
    started = clock()
    work()
    return clock() - started


def ratio_entry(name: str, ratios: Sequence[float], goal: Goal) -> dict[str, Any]:
    """An entry of `benchmarks/results.json`; the goal is met when the median meets it."""
    middle = statistics.median(ratios)
    spread = {"min": round(min(ratios), 3), "median": round(middle, 3), "max": round(max(ratios), 3)}
    return {"name": name, "ratio": spread, "goal": str(goal), "met": goal.is_met_by(middle)}


def chaos_entry(
    name: str, *, seconds: float, kills: int, accepted: int, violations: Sequence[str]
) -> dict[str, Any]:
    """An entry of `chaos/results.json`; `violations` are counted, their sentences are the test's to show."""
    return {
        "name": name,
        "seconds": round(seconds, 1),
        "kills": kills,
        "accepted": accepted,
        "violations": len(violations),
    }


def write(path: Path, entry: dict[str, Any]) -> None:
    """Put an entry in its place by name, beside those of earlier runs."""
    others = [row for row in read(path) if row["name"] != entry["name"]]
    rows = sorted([*others, entry], key=lambda row: row["name"])
    new = path.with_suffix(".new")
    new.write_text(json.dumps(rows, indent=2) + "\n")
    new.replace(path)


def read(path: Path) -> list[dict[str, Any]]:
    """The entries there are."""
    return json.loads(path.read_text()) if path.exists() else []


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The entries as a Markdown table."""
    if not rows:
        return ""
    cells = [[shown(value) for value in row.values()] for row in rows]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(value: Any) -> str:
    """One cell."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " / ".join(f"{number:.2f}" for number in value.values())
    return str(value)
