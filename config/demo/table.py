"""The end of the play: a table of its rounds, and a sentence wherever chance did better than the choice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEYS = (
    "round",
    "examples",
    "labels",
    "snapshot_sha256",
    "accuracy",
    "accuracy_random_labels",
    "gate",
    "stage",
)
HEADS = ("round", "examples", "labels", "snapshot", "accuracy", "by chance", "gate", "stage")
ON_THE_LEFT = {3, 6, 7}  # columns of words


@dataclass(frozen=True)
class Row:
    """One round as it stands in the database; shares are of 1, None is "not known"."""

    round: int
    examples: int
    labels: int
    snapshot_sha256: str
    accuracy: float | None
    accuracy_random_labels: float | None
    gate: str | None
    stage: str | None

    @classmethod
    def of(cls, row: Any) -> Row:
        """From whatever carries these names."""
        return cls(**{key: getattr(row, key) for key in KEYS})

    @property
    def cells(self) -> tuple[str, ...]:
        """What the table prints."""
        return (
            str(self.round),
            f"{self.examples:,}",
            f"{self.labels:,}",
            self.snapshot_sha256[:12],
            percent(self.accuracy),
            percent(self.accuracy_random_labels),
            self.gate or "-",
            (self.stage or "-").replace("_", " "),
        )


def write_json(rows: Iterable[Row], file: Path) -> None:
    """The rounds as a JSON list, with exactly the keys of KEYS."""
    data = [{key: getattr(row, key) for key in KEYS} for row in rows]
    file.write_text(json.dumps(data, indent=1) + "\n")


def table(rows: Sequence[Row]) -> str:
    """The rounds as lines of text, columns aligned."""
    lines = [HEADS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    return "\n".join(aligned(line, widths) for line in lines)


def aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    """One line of the table: words to the left, numbers to the right."""
    cells = [
        cell.ljust(width) if column in ON_THE_LEFT else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def sentences(rows: Sequence[Row]) -> list[str]:
    """What the table says about choosing, in words; each round where chance did better has its own."""
    compared = [(row, gain(row)) for row in rows if gain(row) is not None]
    lost = [row for row, difference in compared if difference is not None and difference < 0]
    return [*(loss(row) for row in lost), verdict([difference for _row, difference in compared])]


def gain(row: Row) -> float | None:
    """How much better the choice did than chance with as many labels; None where one is unknown."""
    if row.accuracy is None or row.accuracy_random_labels is None:
        return None
    return row.accuracy - row.accuracy_random_labels


def loss(row: Row) -> str:
    """The sentence of a round in which choosing did not pay."""
    return (
        f"Round {row.round}: chance did better. The model from {row.labels:,} randomly chosen labels "
        f"reached {percent(row.accuracy_random_labels)}, the one from the hard cases {percent(row.accuracy)}."
    )


def verdict(gains: Sequence[float | None]) -> str:
    """One line over all rounds."""
    better = sum(1 for one in gains if one is not None and one > 0)
    worse = sum(1 for one in gains if one is not None and one < 0)
    even = len(gains) - better - worse
    return f"Choosing the hard cases did better in {times(better)}, chance in {times(worse)}; {even} even."


def times(number: int) -> str:
    """A number of rounds in words."""
    return "1 round" if number == 1 else f"{number} rounds"


def percent(share: float | None) -> str:
    """A share as people read it."""
    return "-" if share is None else f"{share * 100:.1f} %"
