"""The answer that counts, on the page of its example: in words, and drawn as far as it marks something."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from labeling.answers.asking import text_of
from labeling.answers.models import Annotation
from labeling.reviews.pages import marked_answer
from projects.streams.models import Example, Project
from projects.streams.shown import shown
from teams.access.tenancy import MemberRequest


def answer_panel(request: MemberRequest, project: Project, example: Example) -> dict[str, Any]:
    """A panel for `register_example_panel`; whose answer it is it does not say."""
    of_example = request.organization.annotations.filter(example=example, queue__counts=True)
    accepted = of_example.filter(state=Annotation.State.ACCEPTED).select_related("schema")
    newest = accepted.order_by("-accepted_at", "-pk").first()
    media = shown(request.organization, example)
    context = {
        "answer": marked_answer(newest) if newest else None,
        "at": newest.accepted_at if newest else None,
    }
    return {
        "title": _("The answer that counts"),
        "template": "labeling/reviews/counts.html",
        "context": context | {"media": media, "text": text_of(example, media)},
    }
