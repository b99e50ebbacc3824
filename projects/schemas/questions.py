"""Which questions a schema may ask. Each kind of question checks itself; `values` and `marks` check the answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.schemas import marks, values
from projects.schemas.options import COMPARED, MAX_OPTIONS, check_key, check_options, twice
from projects.schemas.values import LONGEST, MAX_TEXT, TIE, is_text, is_whole, unknown
from projects.schemas.visibility import check_visible_if
from teams.access.problems import FieldError

__all__ = [
    "KINDS",
    "MAX_OPTIONS",
    "MAX_QUESTIONS",
    "MAX_STEPS",
    "QuestionKind",
    "check_questions",
    "is_on_page",
]

NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}\Z")
MAX_QUESTIONS = 20
MAX_RANKED = 100
MAX_LABELS_ON_PAGE = 100
MARKS = frozenset({"spans", "boxes", "polygons"})
MAX_STEPS = 10
MAX_HELP = 1000


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """`members`: what its JSON may hold; `check`: errors of the question; `check_value`: errors of an answer.

    `on_page` says whether people can answer it on the task page; others come with imports.
    """

    members: frozenset[str]
    check: Callable[[dict[str, Any], str], list[FieldError]]
    check_value: Callable[[dict[str, Any], Any, str], list[FieldError]]
    on_page: bool = False


def is_on_page(row: dict[str, Any]) -> bool:
    """Whether people can answer a sound question on the task page; marks of too many kinds have no keys there."""
    return KINDS[row["kind"]].on_page and (
        row["kind"] not in MARKS or len(row["options"]) <= MAX_LABELS_ON_PAGE
    )


def check_questions(questions: Any) -> list[FieldError]:
    """What is wrong with a schema's questions; pointers start at the list."""
    if not isinstance(questions, list) or not 1 <= len(questions) <= MAX_QUESTIONS:
        return [FieldError("", "questions", f"A schema asks 1 to {MAX_QUESTIONS} questions, in a list.")]
    errors = [error for index, row in enumerate(questions) for error in check_question(row, f"/{index}")]
    return (
        errors
        or twice([row["name"] for row in questions], "/{}/name", "This name is taken by another question.")
        or check_between(questions)
    )


def check_between(questions: list[dict[str, Any]]) -> list[FieldError]:
    """What questions say of each other: conditions on earlier ones, and keys that lead to each."""
    errors: list[FieldError] = []
    earlier: dict[str, dict[str, Any]] = {}
    for index, row in enumerate(questions):
        errors += check_visible_if(row, earlier, f"/{index}")
        earlier[row["name"]] = row
    chosen = {option.get("key") for row in questions for option in row.get("options", [])}
    errors += [
        FieldError(f"/{index}/key", "taken", "This key is taken by an option.")
        for index, row in enumerate(questions)
        if row.get("key") and row["key"] in chosen
    ]
    keys = [row.get("key", "") for row in questions]
    return errors + twice(keys, "/{}/key", "This key is taken by another question.")


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
    if not is_help(row.get("help", "-")):
        errors.append(FieldError(f"{at}/help", "type", f"Help is a text of 1 to {MAX_HELP} characters."))
    return errors + check_key(row, at) + kind.check(row, at)


def is_help(value: Any) -> bool:
    """Words below a question, of some lines if it likes."""
    return (
        isinstance(value, str)
        and 0 < len(value.strip()) <= len(value) <= MAX_HELP
        and values.is_storable(value)
    )


def check_choice(row: dict[str, Any], at: str) -> list[FieldError]:
    """One of two options, or of more."""
    return check_options(row, at, 2)


def check_choices(row: dict[str, Any], at: str) -> list[FieldError]:
    """Some of two options or more; how many at least and at most, if it likes."""
    errors = check_options(row, at, 2)
    return errors or check_limits(row, at, len(row["options"]))


def check_ranking(row: dict[str, Any], at: str) -> list[FieldError]:
    """As many as a person can put in order."""
    return check_options(row, at, 2, MAX_RANKED)


def check_pairwise(row: dict[str, Any], at: str) -> list[FieldError]:
    """Two options, each perhaps the words of an attribute; a tie may be refused."""
    errors = check_options(row, at, 2, 2, COMPARED)
    if not errors and any(option["value"] == TIE for option in row["options"]):
        errors.append(FieldError(f"{at}/options", "taken", f"“{TIE}” says that neither is better."))
    if not isinstance(row.get("tie", True), bool):
        errors.append(FieldError(f"{at}/tie", "type", "A tie is possible (true) or not (false)."))
    return errors


def check_marks(row: dict[str, Any], at: str) -> list[FieldError]:
    """What is marked is one of the options; there may be only one thing to mark. How many, if it likes."""
    return check_options(row, at, 1) or check_limits(row, at, marks.MAX_MARKS)


def check_limits(row: dict[str, Any], at: str, most: int) -> list[FieldError]:
    """`min` and `max`: how many at least and at most."""
    low, high = row.get("min", 0), row.get("max", most)
    errors = [
        FieldError(f"{at}/{name}", "limit", f"This is a whole number from {least} to {most}.")
        for name, bound, least in (("min", low, 0), ("max", high, 1))
        if not is_whole(bound) or not least <= bound <= most
    ]
    if not errors and low > high:
        errors.append(FieldError(f"{at}/max", "order", "At most is below at least."))
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


def check_text(row: dict[str, Any], at: str) -> list[FieldError]:
    """Words may be limited."""
    most = row.get("max_length", LONGEST)
    if is_whole(most) and 1 <= most <= LONGEST:
        return []
    return [FieldError(f"{at}/max_length", "limit", f"This is a whole number from 1 to {LONGEST}.")]


def check_nothing(row: dict[str, Any], at: str) -> list[FieldError]:
    """There is nothing more to say of it."""
    return []


COMMON = frozenset({"name", "kind", "title", "required", "help", "key", "visible_if"})
OPTIONS = COMMON | {"options"}
LIMITED = OPTIONS | {"min", "max"}

KINDS: dict[str, QuestionKind] = {
    "choice": QuestionKind(OPTIONS, check_choice, values.check_choice, on_page=True),
    "choices": QuestionKind(LIMITED, check_choices, values.check_choices, on_page=True),
    "boolean": QuestionKind(COMMON, check_nothing, values.check_boolean, on_page=True),
    "number": QuestionKind(COMMON | {"min", "max"}, check_number, values.check_number, on_page=True),
    "rating": QuestionKind(COMMON | {"max"}, check_rating, values.check_rating, on_page=True),
    "text": QuestionKind(COMMON | {"max_length"}, check_text, values.check_text, on_page=True),
    "ranking": QuestionKind(OPTIONS, check_ranking, values.check_ranking, on_page=True),
    "pairwise": QuestionKind(OPTIONS | {"tie"}, check_pairwise, values.check_pairwise, on_page=True),
    "spans": QuestionKind(LIMITED, check_marks, marks.check_spans, on_page=True),
    "boxes": QuestionKind(LIMITED, check_marks, marks.check_boxes, on_page=True),
    "polygons": QuestionKind(LIMITED, check_marks, marks.check_polygons, on_page=True),
}
