"""Asking a person by a deadline: an ask ends exactly once, answered, timed out or stopped."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Min
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.models import Annotation
from labeling.asks.models import Ask
from labeling.queues.models import ASKS, Queue
from labeling.tasks.models import SelectedBy, Task
from projects.schemas.answers import check_answer, label_of
from projects.streams.models import Example
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


@dataclass(frozen=True, slots=True)
class Question:
    """What a pipeline asks. `prediction` is {label, confidence, model, version} or None."""

    name: str
    deadline_at: datetime
    on_timeout: str = Ask.OnTimeout.FAIL
    answer: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None


def digest(body: Any) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@transaction.atomic
def ask(*, queue: Queue, example: Example, question: Question, request_sha256: str, by: User | None) -> Ask:
    """Ask a person about an example. The same name with the same body is the same ask; with another, a conflict."""
    organization = queue.organization
    check_question(queue, question)
    known = known_ask(queue, question.name, request_sha256)
    if known is not None:
        return known
    last = queue.tasks.filter(example=example).aggregate(last=Max("round"))["last"] or 0
    task = organization.tasks.create(
        queue=queue,
        example=example,
        round=last + 1,
        priority=ASKS,
        due_at=question.deadline_at,
        open_slots=queue.overlap,
        selected_by=SelectedBy.ASK,
    )
    try:
        with transaction.atomic():
            made = organization.asks.create(
                project=queue.project,
                task=task,
                name=question.name,
                request_sha256=request_sha256,
                prediction=question.prediction,
                deadline_at=question.deadline_at,
                on_timeout=question.on_timeout,
                default_answer=question.answer,
            )
    except IntegrityError:
        raise Refused(_("An ask of this name was made at this very moment; ask again."), "conflict") from None
    record("ask.queued", organization=organization, subject=made, by=by, task=task.pk)
    return made


def known_ask(queue: Queue, name: str, request_sha256: str) -> Ask | None:
    """The ask of this name, if it was made by the same request. Raises Refused if by another."""
    known: Ask | None = queue.project.asks.filter(name=name).first()
    if known is not None and known.request_sha256 != request_sha256:
        raise Refused(_("There is another ask of this name; a name stands for one request."), "conflict")
    return known


def check_question(queue: Queue, question: Question) -> None:
    """A deadline that can be met, and a default that there is."""
    errors = []
    if question.on_timeout == Ask.OnTimeout.USE_PREDICTION and not question.prediction:
        detail = "There is no prediction to fall back to."
        errors.append(FieldError("/on_timeout", "no_prediction", detail))
    if question.on_timeout == Ask.OnTimeout.ANSWER:
        wrong = check_answer(queue.schema, question.answer)
        errors += [FieldError(f"/answer{row.pointer}", row.code, row.detail) for row in wrong]
    if question.deadline_at <= timezone.now():
        errors.append(FieldError("/deadline_at", "in_the_past", "The deadline has passed."))
    if errors:
        raise Invalid(errors)


@transaction.atomic
def settle(*, ask: Ask) -> Ask:
    """End a waiting ask whose deadline has passed, by the database's clock; the ask as it stands now."""
    organization = ask.organization
    overdue = organization.asks.filter(pk=ask.pk, state=Ask.State.QUEUED, deadline_at__lte=Clock())
    if overdue.update(state=Ask.State.TIMED_OUT, ended_at=Now(), result=default_of(ask)):
        let_go(ask)
        record("ask.timed_out", organization=organization, subject=ask, by=None)
    ask.refresh_from_db()
    return ask


def past_deadline(at: datetime, limit: int = 200) -> list[Ask]:
    """Waiting asks of all organizations whose time is up, the longest overdue first."""
    waiting = Ask.objects.filter(state=Ask.State.QUEUED, deadline_at__lte=at).order_by("deadline_at")
    return list(waiting.select_related("organization", "task__queue__schema")[:limit])


class Clock(Now):
    """The moment at which the statement looks, not at which its transaction began."""

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """PostgreSQL's clock_timestamp()."""
        return self.as_sql(compiler, connection, template="CLOCK_TIMESTAMP()", **context)


def default_of(ask: Ask) -> dict[str, Any]:
    """What a caller gets when nobody answered."""
    match ask.on_timeout:
        case Ask.OnTimeout.USE_PREDICTION:
            return {
                "source": "prediction",
                "label": (ask.prediction or {}).get("label"),
                "output": ask.prediction,
            }
        case Ask.OnTimeout.ANSWER:
            return {"source": "default", "label": default_label(ask), "output": ask.default_answer}
    return {"source": None, "label": None, "output": None}


def default_label(ask: Ask) -> str:
    """The label of the fixed answer."""
    return label_of(ask.task.queue.schema, ask.default_answer or {})


@transaction.atomic
def stop(*, ask: Ask, by: User | None) -> Ask:
    """The caller no longer needs an answer."""
    organization = ask.organization
    waiting = organization.asks.filter(pk=ask.pk, state=Ask.State.QUEUED)
    if waiting.update(state=Ask.State.STOPPED, ended_at=Now()):
        let_go(ask)
        record("ask.stopped", organization=organization, subject=ask, by=by)
    ask.refresh_from_db()
    return ask


def let_go(ask: Ask) -> None:
    """Nobody new is shown the task; who holds it may still finish, and that answer is kept as late."""
    tasks = ask.organization.tasks.filter(pk=ask.task_id, state=Task.State.OPEN)
    tasks.update(state=Task.State.ARCHIVED, open_slots=0, ended_at=Now())


def is_late(task: Task) -> bool:
    """Whether the ask of a task, if it has one, has already ended; settles its deadline first."""
    if task.selected_by != SelectedBy.ASK:
        return False
    found = (
        task.organization.asks.select_related("organization", "task__queue__schema").filter(task=task).first()
    )
    return found is not None and settle(ask=found).state != Ask.State.QUEUED


def answer(*, annotation: Annotation) -> None:
    """An accepted answer ends the ask that waits for it."""
    organization = annotation.organization
    found = organization.asks.filter(
        task=annotation.task_id, state=Ask.State.QUEUED, deadline_at__gt=Clock()
    ).first()
    if found is None:
        return
    seen = organization.leases.filter(task=annotation.task_id).aggregate(first=Min("claimed_at"))["first"]
    result = {
        "source": "person",
        "label": annotation.label,
        "output": annotation.answer,
        "annotation": annotation.pk,
    }
    waiting = organization.asks.filter(pk=found.pk, state=Ask.State.QUEUED)
    if waiting.update(state=Ask.State.ANSWERED, ended_at=Now(), first_claim_at=seen, result=result):
        record("ask.answered", organization=organization, subject=found, by=annotation.author)
