"""What a cell of a table means: attributes of a type, times, splits, and answers to questions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from projects.schemas.answers import labelling

TRUE = frozenset({"true", "yes", "y", "1", "t"})
FALSE = frozenset({"false", "no", "n", "0", "f"})
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


def attribute(kind: str, text: str, zone: str = "UTC") -> Any:
    """The value of an attribute of this type; text that is none stays text, and the row is told so."""
    match kind:
        case "number":
            return number(text)
        case "boolean":
            return boolean(text)
        case "string[]":
            return many(text)
        case "timestamp":
            return moment(text, zone)
    return text


def number(text: str) -> Any:
    """A whole number or one with a point, if it is one."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


def boolean(text: str) -> Any:
    """Yes or no, if it is one of them."""
    word = text.strip().lower()
    return True if word in TRUE else False if word in FALSE else text


def many(text: str) -> Any:
    """Several texts: a JSON list, or with bars or semicolons between them."""
    if text.lstrip().startswith("["):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(text)
    separator = "|" if "|" in text else ";"
    return [part.strip() for part in text.split(separator) if part.strip()]


def moment(text: str, zone: str) -> str:
    """A time as RFC 3339, in this zone if it names none; text that is no time stays as it is."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    if found.tzinfo is None and zone:
        found = found.replace(tzinfo=ZoneInfo(zone))
    return found.isoformat()


def split(text: str) -> str:
    """The split that a word means; another word stays, and the row is told so."""
    return SPLITS.get(text.strip().lower(), text.strip())


class Answers:
    """How cells answer questions."""

    def __init__(self, questions: Sequence[Mapping[str, Any]]) -> None:
        self.by_name = {question["name"]: question for question in questions}
        first = labelling([dict(question) for question in questions])
        self.first: str = first["name"] if first else next(iter(self.by_name), "label")
        self.titles = {name: titles(question) for name, question in self.by_name.items()}

    def value(self, name: str, text: str) -> Any:
        """The answer that a cell is to a question."""
        kind = self.by_name[name]["kind"] if name in self.by_name else "text"
        match kind:
            case "choice" | "pairwise":
                return self.option(name, text.strip())
            case "boolean":
                return boolean(text)
            case "number" | "rating":
                return number(text)
            case "choices" | "ranking":
                found = many(text)
                return [self.option(name, one) if isinstance(one, str) else one for one in found]
            case "spans" | "boxes" | "polygons":
                with contextlib.suppress(ValueError, RecursionError):
                    return json.loads(text)
        return text

    def option(self, name: str, text: str) -> str:
        """The value of an option, which the cell may also call by its title."""
        return self.titles[name].get(text.casefold(), text)


def titles(question: Mapping[str, Any]) -> dict[str, str]:
    """{title, small: value} of a question's options; a value is its own title first."""
    options = question.get("options", [])
    named = {str(option.get("title", "")).casefold(): option["value"] for option in options}
    return named | {option["value"].casefold(): option["value"] for option in options}
