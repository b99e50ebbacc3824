"""Which questions are asked, given the answers to those before: `visible_if` of a question.

`{"question": "kind", "is": "cat"}` or `"is": ["cat", "dog"]` for choice, choices (any of the chosen), pairwise and
boolean; `"is"`, `"at_least"` and `"at_most"` for number and rating. A question that is not asked answers nothing, so
whatever depends on it is not asked either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from projects.schemas.values import TIE, is_number, options_of, unknown
from teams.access.problems import FieldError

Question = Mapping[str, Any]

CONDITION = frozenset({"question", "is", "at_least", "at_most"})
BOUNDS = ("at_least", "at_most")
MAX_VALUES = 100


def check_visible_if(row: dict[str, Any], earlier: Mapping[str, Question], at: str) -> list[FieldError]:
    """What is wrong with a question's condition; `earlier` are the questions before it, which are sound, by name."""
    if "visible_if" not in row:
        return []
    condition, here = row["visible_if"], f"{at}/visible_if"
    if not isinstance(condition, dict):
        return [FieldError(here, "type", "A condition is an object: a question, and what its answer is.")]
    errors, name = unknown(condition, CONDITION, here), condition.get("question")
    asked = earlier.get(name) if isinstance(name, str) else None
    if asked is None:
        return [
            *errors,
            FieldError(f"{here}/question", "not_earlier", "This is no question before this one."),
        ]
    if asked["kind"] not in POSSIBLE:
        detail = "No condition can be made of the answer to a question of this kind."
        return [*errors, FieldError(f"{here}/question", "kind", detail)]
    return errors + check_wanted(condition, asked, here)


def check_wanted(condition: dict[str, Any], asked: Question, at: str) -> list[FieldError]:
    """The condition wants something that the question may be answered by."""
    errors, is_possible = [], POSSIBLE[asked["kind"]](asked)
    if not condition.keys() & {"is", *BOUNDS}:
        errors.append(FieldError(f"{at}/is", "required", "A condition says what the answer is."))
    if "is" in condition:
        listed = values_in(condition)
        if not 1 <= len(listed) <= MAX_VALUES or not all(map(is_possible, listed)):
            errors.append(FieldError(f"{at}/is", "not_an_answer", "That question is never answered so."))
    for bound in BOUNDS:
        if bound in condition and asked["kind"] not in ("number", "rating"):
            errors.append(FieldError(f"{at}/{bound}", "kind", "That question is not answered by a number."))
        elif bound in condition and not is_number(condition[bound]):
            errors.append(FieldError(f"{at}/{bound}", "type", "A bound is a number."))
    return errors


def visible(questions: Sequence[Question], answer: Mapping[str, Any]) -> frozenset[str]:
    """The names of the questions that are asked of whoever gives this answer; its values may be of any type."""
    names: set[str] = set()
    for question in questions:
        condition = question.get("visible_if")
        if condition is None or (
            condition["question"] in names and meets(condition, answer.get(condition["question"]))
        ):
            names.add(question["name"])
    return frozenset(names)


def meets(condition: Mapping[str, Any], value: Any) -> bool:
    """Whether an answer is what a condition wants; one that is missing never is."""
    if value is None:
        return False
    if "is" in condition:
        given = value if isinstance(value, list) else [value]
        if not any(same(one, wanted) for one in given for wanted in values_in(condition)):
            return False
    if not any(bound in condition for bound in BOUNDS):
        return True
    return (
        is_number(value)
        and value >= condition.get("at_least", value)
        and value <= condition.get("at_most", value)
    )


def values_in(condition: Mapping[str, Any]) -> list[Any]:
    """What the answer may be."""
    wanted = condition["is"]
    return wanted if isinstance(wanted, list) else [wanted]


def same(one: Any, other: Any) -> bool:
    """Equal as in JSON, where true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def is_option_of(asked: Question, more: Sequence[str] = ()) -> Callable[[Any], bool]:
    """Whether a value is one of the question's options."""
    known = options_of(dict(asked)) | set(more)
    return lambda value: isinstance(value, str) and value in known


POSSIBLE: dict[str, Callable[[Question], Callable[[Any], bool]]] = {
    "choice": is_option_of,
    "choices": is_option_of,
    "pairwise": lambda asked: is_option_of(asked, [TIE]),
    "boolean": lambda asked: lambda value: isinstance(value, bool),
    "number": lambda asked: is_number,
    "rating": lambda asked: is_number,
}
