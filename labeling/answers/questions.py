"""One question as the page asks it: how it looks, its options with their keys, its value as the form holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labeling.answers.wording import words_of
from projects.schemas.marks import MAX_MARKS
from projects.schemas.options import KEYS_OF_PAGES
from projects.schemas.values import TIE

Question = Mapping[str, Any]

# More options than that are searched, and so are those of a tree: never 20,000 of them on a page.
MANY = 30
DIGITS = "1234567890"
AT_A_STROKE = frozenset({"choice", "boolean", "rating", "pairwise"})
INLINE = 200  # characters from which words have an area rather than a line


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be chosen. `text` is what it stands for, where that is an attribute of the example."""

    value: str
    title: str
    key: str = ""
    chosen: bool = False
    text: str | None = None

    @property
    def sign(self) -> str:
        """Its key as it is printed."""
        return {"ArrowLeft": "←", "ArrowRight": "→", "ArrowDown": "↓"}.get(self.key, self.key)


@dataclass(frozen=True, slots=True)
class Asked:
    """`look` names the template in `labeling/answers/questions/`; `data` is what its script reads."""

    name: str
    kind: str
    look: str
    title: str
    field: str
    help: str
    key: str
    required: bool
    is_shown: bool
    only_if: str
    value: str
    options: list[Option]
    chosen: list[Option]
    errors: list[str]
    most: int | None
    data: dict[str, Any]

    @property
    def anchor(self) -> str:
        """The id of its element."""
        return f"question-{self.name}"


def asked(
    row: Question,
    *,
    field: str,
    value: Any,
    attributes: Mapping[str, Any],
    errors: list[str],
    is_shown: bool,
    only_if: str,
) -> Asked:
    """A question of a schema with what is answered so far, which may be of any type."""
    look = look_of(row)
    options = options_of(row, value, attributes) if look in ("options", "ticks", "script") else []
    return Asked(
        name=row["name"],
        kind=row["kind"],
        look=look,
        title=row["title"],
        field=field,
        help=row.get("help", ""),
        key=key_of(row),
        required=row.get("required", True),
        is_shown=is_shown,
        only_if=only_if,
        value=written(row, value),
        options=options,
        chosen=chosen_of(row, value) if look == "search" else [],
        errors=errors,
        most=row.get("max_length"),
        data=data_of(row, options),
    )


def look_of(row: Question) -> str:
    """How a question is asked: options, ticks, search, line, area, or by a script of its own."""
    match row["kind"]:
        case "choice" | "choices":
            if is_searched(row):
                return "search"
            return "options" if row["kind"] == "choice" else "ticks"
        case "boolean" | "rating" | "pairwise":
            return "options"
        case "number":
            return "line"
        case "text":
            return "line" if row.get("max_length", INLINE + 1) <= INLINE else "area"
    return "script"


def is_searched(row: Question) -> bool:
    """Whether its options are found by typing."""
    options = row["options"]
    return len(options) > MANY or any("parent" in option for option in options)


def options_of(row: Question, value: Any, attributes: Mapping[str, Any]) -> list[Option]:
    """What can be chosen, with a key for each as far as there are digits."""
    pairs: list[tuple[str, str, str, str | None]]
    match row["kind"]:
        case "boolean":
            pairs = [("true", _("Yes"), "y", None), ("false", _("No"), "n", None)]
            value = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
        case "rating":
            steps = [str(step) for step in range(1, row["max"] + 1)]
            pairs = [(step, step, "0" if step == "10" else step, None) for step in steps]
            value = None if isinstance(value, bool) else str(value)
        case "pairwise":
            pairs = compared(row, attributes)
        case _:
            keys = keys_for(row["options"])
            named = zip(row["options"], keys, strict=True)
            pairs = [(one["value"], one.get("title") or one["value"], key, None) for one, key in named]
    chosen = value if isinstance(value, list) else [value]
    return [Option(value, title, key, value in chosen, text) for value, title, key, text in pairs]


def compared(row: Question, attributes: Mapping[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """Two things side by side, the arrows point at them, and neither."""
    pairs = [
        (one["value"], one.get("title") or one["value"], key_of(one) or arrow, said(one, attributes))
        for one, arrow in zip(row["options"], ("ArrowLeft", "ArrowRight"), strict=True)
    ]
    return [*pairs, (TIE, _("Neither is better"), "ArrowDown", None)] if row.get("tie", True) else pairs


def said(option: Question, attributes: Mapping[str, Any]) -> str | None:
    """The words of the attribute that an option stands for."""
    if "attribute" not in option:
        return None
    value = attributes.get(option["attribute"])
    if value is None:
        return _("There is no %(name)s to show.") % {"name": option["attribute"]}
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def keys_for(options: Sequence[Question]) -> list[str]:
    """The keys that the schema gives, and digits for those that have none."""
    given = [key_of(option) for option in options]
    free = iter([digit for digit in DIGITS if digit not in given])
    return [key or next(free, "") for key in given]


def key_of(row: Question) -> str:
    """The key of an option or a question, unless the page needs it: schemas of old were not asked about that."""
    key: str = row.get("key", "")
    return "" if key in KEYS_OF_PAGES else key


def chosen_of(row: Question, value: Any) -> list[Option]:
    """What is chosen of many."""
    chosen = value if isinstance(value, list) else [value]
    titles = {option["value"]: option.get("title") or option["value"] for option in row["options"]}
    return [Option(one, titles.get(one, one), chosen=True) for one in chosen if isinstance(one, str) and one]


def written(row: Question, value: Any) -> str:
    """A value as its field holds it."""
    if value is None:
        return ""
    if isinstance(value, str) and row["kind"] in ("number", "text", "choice"):
        return value
    return json.dumps(value, ensure_ascii=False)


def data_of(row: Question, options: Sequence[Option]) -> dict[str, Any]:
    """What scripts read of a question: its rules, its options if they are few, and words to say."""
    rules = {name: row[name] for name in ("name", "kind", "min", "max", "visible_if") if name in row}
    listed = [{"value": one.value, "title": one.title, "key": one.key} for one in options]
    rules["required"] = row.get("required", True)
    if row["kind"] in ("boxes", "polygons"):
        rules["limit"] = MAX_MARKS
    return rules | {"options": listed, "words": words_of(row["kind"], is_searched=look_of(row) == "search")}
