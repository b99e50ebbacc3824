"""What the page of one answer shows: blind, as far as the queue says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from labeling.answers.actions import answers_to
from labeling.answers.asking import questions_of, said_of, text_of
from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.reviews.claiming import answer_in_review
from labeling.reviews.models import Review, ReviewLease
from labeling.reviews.reasons import reasons_of
from labeling.reviews.showing import lines_of
from labeling.tasks.models import Task
from projects.streams.shown import shown_whole
from projects.streams.withholding import shown_to
from teams.access.tenancy import MemberRequest


def page_of(
    request: MemberRequest, queue: Queue, lease: ReviewLease, more: Mapping[str, Any]
) -> dict[str, Any]:
    """The example, the answer or answers, what the model said, and the form to answer otherwise if it is asked for."""
    task = prepared(request, queue, lease)
    example = task.example
    attributes, withheld = shown_to(request.user, example)
    media = shown_whole(request.organization, example, by=request.user)
    text = text_of(example, media)
    judged = judged_of(task)
    answers = [view_of(queue, row) for row in judged]
    is_deciding = task.state == Task.State.COMPLETE
    first = judged[0].answer if judged and not is_deciding else {}
    given = more.get("chosen", first)
    is_correcting = bool(more.get("is_correcting"))
    questions = (
        questions_of(queue, given, attributes, said_of(more.get("errors", ()))) if is_correcting else []
    )
    return {
        "example": example,
        "media": media,
        "text": text,
        "answers": answers,
        "is_deciding": is_deciding,
        "before": before(task),
        "reasons": list(enumerate(reasons_of(queue), 1)),
        "guess": example.predicted,
        "confidence": example.confidence,
        "facts": sorted(attributes.items()),
        "withheld": withheld,
        "is_correcting": is_correcting,
        "questions": questions,
        "has_text_marks": any(row["kind"] == "spans" for row in queue.schema.questions),
        "problems": [(row, line) for row in questions for line in row.errors],
        "renew_url": reverse(
            "review-renew", args=[request.organization.slug, queue.project.slug, queue.slug]
        ),
        "options_url": reverse(
            "label-options", args=[request.organization.slug, queue.project.slug, queue.slug]
        ),
    }


def prepared(request: MemberRequest, queue: Queue, lease: ReviewLease) -> Task:
    """The task with what is known of it already."""
    task = lease.task
    task.queue, task.organization = queue, request.organization
    task.example.stream, task.example.organization = queue.stream, request.organization
    return task


def judged_of(task: Task) -> list[Annotation]:
    """What is judged: the answer in review alone, or, where somebody decides, all answers in the order they came."""
    if task.state == Task.State.COMPLETE:
        given = answers_to(task).filter(state=Annotation.State.SUBMITTED).exclude(source="consolidated")
        return list(given.select_related("author", "said_by", "schema").order_by("pk"))
    answer = answer_in_review(task)
    return [answer] if answer is not None else []


def view_of(queue: Queue, row: Annotation) -> dict[str, Any]:
    """An answer in words and with what it marks, and whose it is where the queue shows it."""
    return marked_answer(row) | {
        "pk": row.pk,
        "author": None if queue.review_blind else row.author or row.said_by,
        "at": row.at,
        "active_s": row.active_s,
        "is_majority": row.source == Annotation.Source.CONSOLIDATED,
    }


def marked_answer(row: Annotation) -> dict[str, Any]:
    """What a page draws of an answer: its lines, and whether shapes or passages are to be drawn of `answer`."""
    questions = row.schema.questions
    marked = {one["kind"] for one in questions if row.answer.get(one["name"])}
    return {
        "lines": lines_of(questions, row.answer),
        "questions": questions,
        "answer": row.answer,
        "has_shapes": bool(marked & {"boxes", "polygons"}),
        "has_spans": "spans" in marked,
    }


def before(task: Task) -> list[Review]:
    """Why earlier answers of this round were returned, newest first."""
    given = task.organization.reviews.filter(
        annotation__example=task.example_id, annotation__task=task, annotation__round=task.round
    )
    return list(given.filter(verdict=Review.Verdict.RETURN).order_by("-pk")[:5])
