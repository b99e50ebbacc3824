"""Which questions a schema may ask. Each kind of question checks itself and the answers to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teams.access.problems import FieldError, escape

NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}\Z")
MAX_QUESTIONS = 20
MAX_OPTIONS = 200
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """`members`: what its JSON may hold; `check`: errors of the question; `check_value`: errors of an answer."""

    members: frozenset[str]
    check: Callable[[dict[str, Any], str], list[FieldError]]
    check_value: Callable[[dict[str, Any], Any, str], list[FieldError]]


def check_questions(questions: Any) -> list[FieldError]:
    """What is wrong with a schema's questions; pointers start at the list."""
    if not isinstance(questions, list) or not 1 <= len(questions) <= MAX_QUESTIONS:
        return [FieldError("", "questions", f"A schema asks 1 to {MAX_QUESTIONS} questions, in a list.")]
    errors = [error for index, row in enumerate(questions) for error in check_question(row, f"/{index}")]
    return errors or twice(
        [row["name"] for row in questions], "/{}/name", "This name is taken by another question."
    )


def check_question(row: Any, at: str) -> list[FieldError]:
    """One question: its name, its kind, then what the kind asks."""
    if not isinstance(row, dict):
        return [FieldError(at, "type", "A question is an object.")]
    kind = KINDS.get(row["kind"]) if isinstance(row.get("kind"), str) else None
    if kind is None:
        return [FieldError(f"{at}/kind", "unknown_kind", f"The kinds of question are: {', '.join(KINDS)}.")]
    errors = unknown(row, kind.members, at)
    if not isinstance(row.get("name"), str) or not NAME.match(row["name"]):
        errors.append(
            FieldError(f"{at}/name", "name", "A name is small letters, digits and underscores, at most 40.")
        )
    if not is_text(row.get("title")):
        errors.append(
            FieldError(f"{at}/title", "required", f"A question has a title of 1 to {MAX_TEXT} characters.")
        )
    return errors + kind.check(row, at)


def check_choice(row: dict[str, Any], at: str) -> list[FieldError]:
    """A choice has 2 or more options of different values, and keys that do not collide."""
    options = row.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= MAX_OPTIONS:
        return [FieldError(f"{at}/options", "options", f"A choice has 2 to {MAX_OPTIONS} options.")]
    errors = [
        error
        for index, option in enumerate(options)
        for error in check_option(option, f"{at}/options/{index}")
    ]
    if errors:
        return errors
    values = [option["value"] for option in options]
    keys = [option.get("key", "") for option in options]
    return [
        *twice(values, f"{at}/options/{{}}/value", "This value is taken by another option."),
        *twice(keys, f"{at}/options/{{}}/key", "This key is taken by another option."),
    ]


def check_option(option: Any, at: str) -> list[FieldError]:
    """An option has a value; a title and a key of the keyboard if it likes."""
    if not isinstance(option, dict):
        return [FieldError(at, "type", "An option is an object.")]
    errors = unknown(option, frozenset({"value", "title", "key"}), at)
    if not is_text(option.get("value")):
        errors.append(
            FieldError(f"{at}/value", "required", f"A value is a text of 1 to {MAX_TEXT} characters.")
        )
    if not is_text(option.get("title", "-")):
        errors.append(FieldError(f"{at}/title", "type", f"A title is a text of 1 to {MAX_TEXT} characters."))
    key = option.get("key", "")
    if not isinstance(key, str) or len(key) > 1 or not key.isprintable():
        errors.append(FieldError(f"{at}/key", "key", "A key is one character."))
    return errors


def check_chosen(row: dict[str, Any], value: Any, at: str) -> list[FieldError]:
    """The answer to a choice is the value of one of its options."""
    if isinstance(value, str) and any(option["value"] == value for option in row["options"]):
        return []
    return [FieldError(at, "not_an_option", "This is none of the options.")]


def unknown(row: dict[str, Any], members: frozenset[str], at: str) -> list[FieldError]:
    """Members that nobody would read."""
    return [
        FieldError(f"{at}/{escape(name)[:50]}", "unknown", "This is not known here.")
        for name in row
        if name not in members
    ]


def twice(values: list[str], at: str, detail: str) -> list[FieldError]:
    """An error for every value that came before; empty ones do not count."""
    return [
        FieldError(at.format(index), "taken", detail)
        for index, value in enumerate(values)
        if value and value in values[:index]
    ]


def is_text(value: Any) -> bool:
    """Something to read that the database can hold."""
    return (
        isinstance(value, str)
        and 0 < len(value.strip()) <= len(value) <= MAX_TEXT
        and value.isprintable()  # neither NUL nor a lone surrogate is
    )


KINDS: dict[str, QuestionKind] = {
    "choice": QuestionKind(frozenset({"name", "kind", "title", "options"}), check_choice, check_chosen),
}
