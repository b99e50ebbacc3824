"""Which questions a schema may ask. Each kind of question checks itself; `values` and `marks` check the answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.schemas import marks, values
from projects.schemas.values import MAX_TEXT, is_text, unknown
from teams.access.problems import FieldError

NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}\Z")
MAX_QUESTIONS = 20
MAX_OPTIONS = 20_000
MAX_STEPS = 10


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """`members`: what its JSON may hold; `check`: errors of the question; `check_value`: errors of an answer.

    `on_page` says whether people can answer it on the task page; others come with imports.
    """

    members: frozenset[str]
    check: Callable[[dict[str, Any], str], list[FieldError]]
    check_value: Callable[[dict[str, Any], Any, str], list[FieldError]]
    on_page: bool = False


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
    if not isinstance(row.get("required", True), bool):
        errors.append(FieldError(f"{at}/required", "type", "A question is required (true) or not (false)."))
    return errors + kind.check(row, at)


def check_choice(row: dict[str, Any], at: str) -> list[FieldError]:
    """One of two options, or of more."""
    return check_options(row, at, 2)


def check_marks(row: dict[str, Any], at: str) -> list[FieldError]:
    """What is marked is one of the options; there may be only one thing to mark."""
    return check_options(row, at, 1)


def check_options(row: dict[str, Any], at: str, least: int) -> list[FieldError]:
    """Options of different values, and keys that do not collide."""
    options = row.get("options")
    if not isinstance(options, list) or not least <= len(options) <= MAX_OPTIONS:
        return [FieldError(f"{at}/options", "options", f"There are {least} to {MAX_OPTIONS} options.")]
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


def check_number(row: dict[str, Any], at: str) -> list[FieldError]:
    """A number may have a least and a largest value."""
    low, high = row.get("min"), row.get("max")
    errors = [
        FieldError(f"{at}/{name}", "type", "A bound is a number.")
        for name, bound in (("min", low), ("max", high))
        if bound is not None and not values.is_number(bound)
    ]
    if not errors and low is not None and high is not None and low > high:
        errors.append(FieldError(f"{at}/max", "order", "The largest value is below the least."))
    return errors


def check_rating(row: dict[str, Any], at: str) -> list[FieldError]:
    """A rating has 2 to 10 steps, from 1 up."""
    steps = row.get("max")
    if isinstance(steps, int) and not isinstance(steps, bool) and 2 <= steps <= MAX_STEPS:
        return []
    return [FieldError(f"{at}/max", "steps", f"A rating goes from 1 to a number between 2 and {MAX_STEPS}.")]


def check_nothing(row: dict[str, Any], at: str) -> list[FieldError]:
    """There is nothing more to say of it."""
    return []


def twice(texts: list[str], at: str, detail: str) -> list[FieldError]:
    """An error for every text that came before; empty ones do not count."""
    seen: set[str] = set()
    errors = []
    for index, text in enumerate(texts):
        if text and text in seen:
            errors.append(FieldError(at.format(index), "taken", detail))
        seen.add(text)
    return errors


COMMON = frozenset({"name", "kind", "title", "required"})
OPTIONS = COMMON | {"options"}

KINDS: dict[str, QuestionKind] = {
    "choice": QuestionKind(OPTIONS, check_choice, values.check_choice, on_page=True),
    "choices": QuestionKind(OPTIONS, check_choice, values.check_choices),
    "boolean": QuestionKind(COMMON, check_nothing, values.check_boolean),
    "number": QuestionKind(COMMON | {"min", "max"}, check_number, values.check_number),
    "rating": QuestionKind(COMMON | {"max"}, check_rating, values.check_rating),
    "text": QuestionKind(COMMON, check_nothing, values.check_text),
    "ranking": QuestionKind(OPTIONS, check_choice, values.check_ranking),
    "spans": QuestionKind(OPTIONS, check_marks, marks.check_spans),
    "boxes": QuestionKind(OPTIONS, check_marks, marks.check_boxes),
    "polygons": QuestionKind(OPTIONS, check_marks, marks.check_polygons),
}
