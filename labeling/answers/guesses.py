"""What a sheet asks of each example: its one question, the classes with their keys, and what the model says of it."""

from __future__ import annotations

from typing import Any

from labeling.answers.questions import Option, options_of
from labeling.queues.models import Queue
from projects.schemas.questions import KINDS
from projects.streams.models import Example

BOOLEAN = {"true": True, "false": False}


def question_of(queue: Queue) -> dict[str, Any]:
    """The only question of a queue whose sheets are verified."""
    row: dict[str, Any] = queue.schema.questions[0]
    return row


def classes_of(queue: Queue) -> list[Option]:
    """What can be chosen, with a key for each as far as there are digits."""
    return options_of(question_of(queue), None, {})


def value_of(queue: Queue, text: str) -> Any:
    """A class as an answer has it; None where none is named."""
    if not text:
        return None
    return BOOLEAN.get(text, text) if question_of(queue)["kind"] == "boolean" else text


def guess_of(queue: Queue, example: Example) -> Any:
    """What the model says, as an answer; None where it says nothing, or nothing that can be an answer."""
    question, value = question_of(queue), value_of(queue, example.predicted or "")
    if value is None or KINDS[question["kind"]].check_value(question, value, ""):
        return None
    return value
