"""Does an answer fit its schema, and what is its label?"""

from __future__ import annotations

from typing import Any

from projects.schemas.models import LabelSchema
from projects.schemas.questions import KINDS
from projects.schemas.values import TIE, unknown
from projects.schemas.visibility import visible
from teams.access.problems import FieldError

ONE_WORD = frozenset({"choice", "boolean", "rating", "pairwise"})

NOTHING = (None, "")
NOT_ASKED = "This question is not asked after the other answers; leave it out."


def check_answer(schema: LabelSchema, answer: Any) -> list[FieldError]:
    """What is wrong with {question name: value}; pointers start at the answer. Empty: it fits."""
    if not isinstance(answer, dict):
        return [FieldError("", "type", "An answer is an object: the name of each question, and its value.")]
    names = frozenset(question["name"] for question in schema.questions)
    errors = unknown(answer, names, "")
    asked = visible(schema.questions, answer)
    for question in schema.questions:
        name = question["name"]
        if name not in asked:
            if answer.get(name) not in NOTHING:
                errors.append(FieldError(f"/{name}", "not_asked", NOT_ASKED))
        elif answer.get(name) in NOTHING:
            if question.get("required", True):
                errors.append(FieldError(f"/{name}", "required", "This question is not answered."))
        else:
            errors += KINDS[question["kind"]].check_value(question, answer[name], f"/{name}")
    return errors


def label_of(schema: LabelSchema, answer: dict[str, Any]) -> str:
    """The value of the first question that one word answers: what conditions call the label. Empty if there is none."""
    first = labelling(schema.questions)
    value = answer.get(first["name"]) if first else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def labels_of(questions: list[dict[str, Any]]) -> list[str]:
    """Every label that an answer to these questions may come to, in order; none where no one word answers."""
    first = labelling(questions)
    if first is None:
        return []
    match first["kind"]:
        case "boolean":
            return ["true", "false"]
        case "rating":
            return [str(step) for step in range(1, first["max"] + 1)]
        case "pairwise":
            return [option["value"] for option in first["options"]] + [TIE] * first.get("tie", True)
    return [option["value"] for option in first["options"]]


def labelling(questions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The question whose value is the label: the first that one word answers."""
    return next((row for row in questions if row["kind"] in ONE_WORD), None)
