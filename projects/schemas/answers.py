"""Does an answer fit its schema, and what is its label?"""

from __future__ import annotations

from typing import Any

from projects.schemas.models import LabelSchema
from projects.schemas.questions import KINDS, unknown
from teams.access.problems import FieldError


def check_answer(schema: LabelSchema, answer: Any) -> list[FieldError]:
    """What is wrong with {question name: value}; pointers start at the answer. Empty: it fits."""
    if not isinstance(answer, dict):
        return [FieldError("", "type", "An answer is an object: the name of each question, and its value.")]
    names = frozenset(question["name"] for question in schema.questions)
    errors = unknown(answer, names, "")
    for question in schema.questions:
        name = question["name"]
        if answer.get(name) in (None, ""):
            errors.append(FieldError(f"/{name}", "required", "This question is not answered."))
        else:
            errors += KINDS[question["kind"]].check_value(question, answer[name], f"/{name}")
    return errors


def label_of(schema: LabelSchema, answer: dict[str, Any]) -> str:
    """The value of the first choice: what conditions call the label. Empty if the schema has no choice."""
    first = next((row for row in schema.questions if row["kind"] == "choice"), None)
    return str(answer.get(first["name"], "")) if first else ""
