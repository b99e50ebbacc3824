"""What a task may begin with: the shapes that a model marked, where the queue shows what models say."""

from __future__ import annotations

from typing import Any

from labeling.queues.models import Queue
from projects.schemas.questions import KINDS
from projects.schemas.visibility import visible
from projects.streams.models import Example

SHAPES = ("boxes", "polygons")


def guessed(queue: Queue, example: Example) -> dict[str, Any]:
    """The answers of the newest prediction to questions for boxes and polygons, as far as they fit.

    A prediction's output is read as an answer is written: {question name: value}. Other kinds begin empty: one word of
    a model beside the question is read, one that is chosen already is let be.
    """
    asked = [row for row in queue.schema.questions if row["kind"] in SHAPES]
    if not asked or not queue.show_predictions:
        return {}
    newest = queue.organization.predictions.filter(example=example).order_by("-at", "-pk")
    said = newest.values_list("output", flat=True).first() or {}
    names = visible(queue.schema.questions, {})
    return {
        row["name"]: said[row["name"]]
        for row in asked
        if row["name"] in names
        and said.get(row["name"])
        and not KINDS[row["kind"]].check_value(row, said[row["name"]], "")
    }
