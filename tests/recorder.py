"""What benchmarks and chaos runs leave behind: a JSON list with one entry per name, and the README's table of it."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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


def interleaved(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int
) -> list[tuple[float, float]]:
    """(seconds of ours, seconds of theirs) for each round, one after the other so that both see the same machine."""
    return [(seconds(ours), seconds(theirs)) for _ in range(rounds)]


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


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
