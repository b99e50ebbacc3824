"""Which question of a project something in a file answers; and which questions a file would have asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labeling.imports.reading import Options, Questions
from projects.schemas.questions import MAX_OPTIONS, MAX_QUESTIONS, MAX_STEPS
from projects.schemas.values import is_text

Question = Mapping[str, Any]


def name_of(words: str) -> str:
    """Words as the name of a question."""
    plain = re.sub(r"[^a-z0-9_]+", "_", words.lower()).strip("_")[:40]
    return plain if plain[:1].isalpha() else f"q_{plain}"[:40].rstrip("_")


def answered_by(questions: Questions, options: Options, name: str, kinds: Collection[str]) -> Question | None:
    """The question that something of this name answers, if it is of one of the kinds: the one called so, the one that
    the person chose, or the only one of such a kind."""
    fitting = [row for row in questions if row["kind"] in kinds]
    for wanted in (name_of(name), options.question):
        found = next((row for row in fitting if row["name"] == wanted), None)
        if found is not None:
            return found
    return fitting[0] if len(fitting) == 1 else None


@dataclass
class Seen:
    """What a file says in one place, over many records: what a question about it would have to offer."""

    kind: str
    title: str
    options: Counter[str] = field(default_factory=Counter)
    times: int = 0
    most: int = 1  # values in one answer
    largest: float = 0

    def question(self, name: str, of: int) -> dict[str, Any] | None:
        """As a question; None where too little was seen to ask one. It is required if all `of` records answer it."""
        asked: dict[str, Any] = {"name": name, "kind": self.kind, "title": self.title}
        if self.times < of:
            asked["required"] = False
        if self.kind == "choice" and self.most > 1:
            asked["kind"] = "choices"
        if self.kind == "rating":
            asked["max"] = min(MAX_STEPS, max(5, int(self.largest)))
        if self.kind in ("choice", "spans", "boxes", "polygons"):
            values = [value for value, _n in self.options.most_common(MAX_OPTIONS)]
            if not values:
                return None
            if asked["kind"] in ("choice", "choices") and len(values) == 1:
                values.append("other" if values[0] != "other" else "none")
            asked["options"] = [{"value": value, "title": value} for value in sorted(values)]
        return asked

    def add(self, values: Iterable[Any]) -> None:
        """One record's values."""
        self.times += 1
        texts = [value for value in values if is_text(value)]
        self.options.update(texts)
        self.most = max(self.most, len(texts))


def proposed(seen: Mapping[str, Seen], of: int) -> list[dict[str, Any]]:
    """The questions of what was seen, by the names it had."""
    asked: dict[str, dict[str, Any]] = {}
    for name, row in seen.items():
        question = row.question(name_of(name), of)
        if question is not None:
            asked.setdefault(question["name"], question)
    return list(asked.values())[:MAX_QUESTIONS]


def choice_of(names: Sequence[str]) -> list[dict[str, str]]:
    """Options of these values, each once, in their order."""
    return [{"value": name, "title": name} for name in dict.fromkeys(names) if is_text(name)]


def split_in(path: str) -> str | None:
    """The side that a file's name or folder says: `train-00000-of-00002`, `val/`, `instances_test2017`."""
    found = re.findall(
        r"(?:^|[\W_])(train|training|val|valid|validation|dev|test)(?=[\W_\d]|$)", path.lower()
    )
    return SIDES[found[-1]] if found else None


SIDES = {"train": "train", "training": "train", "test": "test"} | dict.fromkeys(
    ("val", "valid", "validation", "dev"), "val"
)
