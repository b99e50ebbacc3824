"""A task as a form: its questions with their fields, what is chosen already, and what came back."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from labeling.queues.models import Queue
from labeling.tasks.models import Lease, SelectedBy
from projects.streams.shown import shown_whole
from projects.streams.withholding import shown_to
from teams.access.tenancy import MemberRequest

# Names that the form needs for itself; a question of such a name has a field of another.
OURS = frozenset({"csrfmiddlewaretoken", "lease", "token", "active_s"})


def field_of(question: dict[str, Any]) -> str:
    """The name of a question's field in the form."""
    name = str(question["name"])
    return f"answer-{name}" if name in OURS else name


def answer_in(request: MemberRequest, queue: Queue) -> dict[str, str]:
    """What a form answers: {question name: value}, as it was sent."""
    fields = {question["name"]: field_of(question) for question in queue.schema.questions}
    return {name: request.POST[field] for name, field in fields.items() if field in request.POST}


def page_of_task(
    request: MemberRequest, queue: Queue, lease: Lease, chosen: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the task page shows of a held task; `chosen` is {question name: value}, else the draft."""
    example, questions = lease.task.example, queue.schema.questions
    given = lease.draft or {} if chosen is None else chosen
    attributes, withheld = shown_to(request.user, example)
    return {
        "example": example,
        "media": shown_whole(request.organization, example, by=request.user),
        "questions": [shown(question, given.get(question["name"])) for question in questions],
        "at_a_stroke": len(questions) == 1 and questions[0]["kind"] == "choice",
        "guess": example.predicted if queue.show_predictions else None,
        "facts": sorted(attributes.items()),
        "withheld": withheld,
        "is_asked": lease.task.selected_by == SelectedBy.ASK,
        "renew_url": reverse("label-renew", args=[request.organization.slug, queue.project.slug, queue.slug]),
    }


def shown(question: dict[str, Any], value: Any) -> dict[str, Any]:
    """A question with its field, and its options with their words and whether they are chosen."""
    options = [
        {
            "value": option["value"],
            "title": option.get("title") or option["value"],
            "key": option.get("key", ""),
            "chosen": option["value"] == value,
        }
        for option in question["options"]
    ]
    return {"title": question["title"], "field": field_of(question), "options": options}
