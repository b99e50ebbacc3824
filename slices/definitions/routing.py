"""Which live slices an example is in: slices are filed under one equality of their condition, the rest is checked.

Ten thousand slices, each of one store, cost an example a look-up and one check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from projects.conditions import Condition
from projects.conditions.canonical import dumps
from projects.conditions.nodes import leaves
from projects.streams.splits import Cuts
from slices.definitions.models import SliceVersion
from slices.definitions.windows import by_whole_days, clock_of

Row = Mapping[str, Any]
MOVING = frozenset({"x_within_last", "x_within"})  # true today, false tomorrow, without any change
UNNOTED = frozenset({"id", "text"})  # not among what is noted of an example
ANCHORS = frozenset({"=", "in"})


def is_countable(version: SliceVersion, condition: Condition) -> bool:
    """Whether the noted columns of an example alone decide, at any time, if it is one that the slice counts."""
    simple = not version.queues and not version.random_only and version.max_size is None
    simple = simple and not version.dedupe and not version.temporal_holdout and by_whole_days(version.window)
    simple = simple and (version.sample is None or version.sample["kind"] == "hash_percent")
    still = not any(leaf["op"] in MOVING for leaf in leaves(condition.json))
    return simple and still and condition.is_local and not UNNOTED & condition.used_fields.keys()


class Place(NamedTuple):
    """Where an example is counted: slice version, child of a family ("" for a slice that is none), day."""

    version_id: int
    key: str
    day: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One live slice version: what it takes, the clock that its days are of, and what a family's children differ in."""

    version_id: int
    matches: Callable[[Row], bool]
    clock: str
    is_split: Callable[[Row], bool]
    fields: Mapping[str, str]  # parameter -> field

    def place(self, row: Row) -> Place | None:
        """Where the row is counted; None if the slice does not take it."""
        moment: datetime | None = row[self.clock]
        if moment is None or not self.is_split(row):
            return None
        key = key_of({param: row.get(field) for param, field in self.fields.items()})
        return Place(self.version_id, key, moment.date()) if key is not None and self.matches(row) else None


Filed = tuple[Entry, Any]  # with the condition that it is filed by


def key_of(values: Row) -> str | None:
    """The key of the child with these values, "" where there are none; None if one is missing."""
    if None in values.values():
        return None
    return dumps({name: plain(value) for name, value in values.items()}) if values else ""


def plain(value: Any) -> Any:
    """A whole number the same, whether it is written with a point or without."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def entry_of(version: SliceVersion, condition: Condition, cuts: Cuts) -> Filed:
    """A live version as the router files it; `condition` is the version's own."""
    fields, rest = condition.grouped() or ({}, condition)
    clock = clock_of(version.window)
    entry = Entry(
        version.pk, lambda row: rest.matches(row, NEVER), clock, is_in(version.splits, cuts), fields
    )
    return entry, rest.json


def is_in(splits: Sequence[str], cuts: Cuts) -> Callable[[Row], bool]:
    """Whether a row is in one of some splits; where buckets are as they are stored, by these alone."""
    if not cuts.are_stored:
        wanted = frozenset(splits)
        return lambda row: cuts.split_of(row["bucket"], row["split_key"]) in wanted
    ranges = tuple(cuts[split] for split in splits)
    return lambda row: any(low <= row["bucket"] < high for low, high in ranges)


NEVER = datetime(1, 1, 1, tzinfo=UTC)  # a condition that is counted does not ask what time it is


class Router:
    """The live slices of one stream."""

    def __init__(self, entries: Iterable[Filed]) -> None:
        self.entries = list(entries)
        self.filed: defaultdict[str, defaultdict[Any, list[Entry]]] = defaultdict(lambda: defaultdict(list))
        self.loose: list[Entry] = []
        for entry, node in self.entries:
            self.file(entry, node)

    def only(self, version_id: int) -> list[Filed]:
        """One version of it."""
        return [(entry, node) for entry, node in self.entries if entry.version_id == version_id]

    def file(self, entry: Entry, node: Any) -> None:
        """Under the values that one of its equalities asks for; among the loose ones if it has none."""
        field, values = anchor(node)
        if field is None:
            self.loose.append(entry)
        for value in values:
            self.filed[field or ""][value].append(entry)

    def candidates(self, row: Row) -> Iterator[Entry]:
        """The slices that may take a row, each once."""
        yield from self.loose
        for field, by_value in self.filed.items():
            yield from by_value.get(row.get(field), ())

    def places(self, row: Row) -> Iterator[Place]:
        """Every place where a row is counted."""
        for entry in self.candidates(row):
            place = entry.place(row)
            if place is not None:
                yield place


def anchor(node: Any) -> tuple[str | None, list[Any]]:
    """(field, values) of an equality that every member meets, the one with fewest values; (None, []) without one."""
    parts = [] if node is None else node["args"] if node["op"] == "and" else [node]
    found = [
        (part["args"][0]["property"], part["args"][1] if part["op"] == "in" else [part["args"][1]])
        for part in parts
        if part["op"] in ANCHORS and all(map(is_plain, part["args"][1:]))
    ]
    return min(found, key=lambda pair: len(pair[1])) if found else (None, [])


def is_plain(value: Any) -> bool:
    """A value that can be looked up as it stands, or a list of such."""
    if isinstance(value, list):
        return all(map(is_plain, value))
    return isinstance(value, str | int | float)
