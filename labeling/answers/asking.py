"""A task as a form: its questions with their fields, what is chosen already, and what came back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from labeling.answers.drafts import begun
from labeling.answers.forms import field_of
from labeling.answers.guessing import guessed
from labeling.answers.questions import AT_A_STROKE, Asked, asked
from labeling.queues.models import Queue
from labeling.tasks.models import Lease, SelectedBy
from projects.schemas.visibility import visible
from projects.streams.models import Example
from projects.streams.shown import Shown, shown_whole
from projects.streams.withholding import shown_to
from teams.access.problems import FieldError
from teams.access.tenancy import MemberRequest


def page_of_task(
    request: MemberRequest,
    queue: Queue,
    lease: Lease,
    chosen: dict[str, Any] | None = None,
    errors: Sequence[FieldError] = (),
) -> dict[str, Any]:
    """What the task page shows of a held task; `chosen` is {question name: value}, else what was begun."""
    example = lease.task.example
    given = begun(lease) if chosen is None else chosen
    marked = guessed(queue, example) if chosen is None and not given and lease.draft is None else {}
    attributes, withheld = shown_to(request.user, example)
    media = shown_whole(request.organization, example, by=request.user)
    questions = questions_of(queue, given or marked, attributes, said_of(errors))
    here = [request.organization.slug, queue.project.slug, queue.slug]
    return {
        "example": example,
        "media": media,
        "text": text_of(example, media),
        "has_text_marks": any(row["kind"] == "spans" for row in queue.schema.questions),
        "questions": questions,
        "at_a_stroke": len(questions) == 1 and questions[0].look == "options" and is_one(queue),
        "problems": [(row, line) for row in questions for line in row.errors],
        "is_begun": bool(lease.draft) and chosen is None,
        "is_marked": bool(marked),
        "guess": example.predicted if queue.show_predictions else None,
        "facts": sorted(attributes.items()),
        "withheld": withheld,
        "is_asked": lease.task.selected_by == SelectedBy.ASK,
        "renew_url": reverse("label-renew", args=here),
        "draft_url": reverse("label-draft", args=here),
        "ahead_url": reverse("label-prefetch", args=here),
        "give_back_url": reverse("label-give-back", args=here),
        "options_url": reverse("label-options", args=here),
    }


def is_one(queue: Queue) -> bool:
    """Whether one press answers all that the queue asks."""
    return queue.schema.questions[0]["kind"] in AT_A_STROKE


def text_of(example: Example, media: Shown) -> str:
    """The words that passages are marked in: the example's own, else those of its media."""
    return example.text or (media.words if media.kind == "text" else "")


def questions_of(
    queue: Queue, given: dict[str, Any], attributes: dict[str, Any], said: dict[str, list[str]]
) -> list[Asked]:
    """The questions as the page asks them."""
    rows = queue.schema.questions
    shown = visible(rows, given)
    by_name = {row["name"]: row for row in rows}
    return [
        asked(
            row,
            field=field_of(row),
            value=given.get(row["name"]),
            attributes=attributes,
            errors=said.get(row["name"], []),
            is_shown=row["name"] in shown,
            only_if=only_if(row, by_name),
        )
        for row in rows
    ]


def only_if(row: dict[str, Any], by_name: dict[str, dict[str, Any]]) -> str:
    """The condition of a question in words, for whoever has no script; empty where it is always asked."""
    if "visible_if" not in row:
        return ""
    before = by_name[row["visible_if"]["question"]]
    return _("Only after certain answers to “%(title)s”; leave it empty otherwise.") % {
        "title": before["title"]
    }


def said_of(errors: Sequence[FieldError]) -> dict[str, list[str]]:
    """What is wrong, by the name of the question; pointers start at the request."""
    said: dict[str, list[str]] = {}
    for row in errors:
        name = row.pointer.removeprefix("/answer/").partition("/")[0]
        said.setdefault(name, []).append(row.detail)
    return {name: list(dict.fromkeys(lines))[:5] for name, lines in said.items()}


def shown_answer(queue: Queue, answer: dict[str, Any]) -> list[tuple[str, str]]:
    """An answer as (title, words), for the page that says it did not count."""
    titles = {row["name"]: row["title"] for row in queue.schema.questions}
    return [
        (titles.get(name, name), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in answer.items()
    ]
