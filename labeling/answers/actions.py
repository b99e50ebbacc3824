"""Answering: checked, kept, and accepted when the queue's rules say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from labeling.answers.drafts import keepable
from labeling.answers.looked_at import is_looked_at
from labeling.answers.models import Annotation
from labeling.queues.models import Queue
from labeling.tasks.claiming import STALE
from labeling.tasks.models import Lease, SelectedBy, Task
from projects.schemas.answers import check_answer, label_of
from projects.schemas.marks import check_covered
from projects.schemas.models import LabelSchema
from projects.streams.models import Example, LabelState
from projects.streams.summary import LabelSummary, summarize
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

# A task may have a deadline; whoever set it says, inside the submitting transaction, whether it has passed.
TOO_LATE: list[Callable[[Task], bool]] = []
# Whoever judges how far a task's answers agree says what follows; the first that is not content decides.
JUDGES: list[Callable[[Task, list[Annotation]], Outcome]] = []
# An answer to a task whose answer is known goes to whoever measures people, inside the submitting transaction.
MEASURES: list[Callable[[Task, Annotation], None]] = []
Note = Callable[[Annotation], None]
# Whoever finds something odd about an answer raises Met, or says what to do once the answer is kept.
Heed = Callable[[Task, dict[str, Any], float | None, str, User], Note | None]
# What looks at the answers of a queue; what it has to know first it finds out once, for many answers as for one.
HEEDED: list[Callable[[Queue], Heed]] = []
# What the person is told after an answer, if anything.
FEEDBACK: list[Callable[[Annotation], str]] = []


class Met(Invalid):
    """An answer that fits its questions and yet is not taken; `note` keeps on record that it was not."""

    def __init__(self, errors: list[FieldError], note: Callable[[], None]) -> None:
        super().__init__(errors)
        self.note = note


class Outcome(Enum):
    """What becomes of a task when its people have answered."""

    CONTENT = "content"  # the answers are settled as the queue's rules say
    ONE_MORE = "one more"  # one more person is asked
    APART = "apart"  # they are too far apart: somebody decides


def submit(
    *,
    lease: Lease,
    token: int,
    answer: dict[str, Any],
    active_s: float | None = None,
    reason: str = "",
    by: User,
) -> Annotation:
    """Answer a held task; the same submit again gives the same annotation. `reason`: why an odd answer is right.

    Raises Invalid where the answer does not fit the schema or is odd without a reason, and Refused (`lease_lost`)
    where the task is no longer held by this token; what was typed is then kept as the person's draft.
    """
    try:
        return answer_held(lease=lease, token=token, answer=answer, active_s=active_s, reason=reason, by=by)
    except Met as odd:
        odd.note()
        raise
    except Refused:
        mine = lease.organization.leases.filter(pk=lease.pk, user=by)
        mine.update(draft=keepable(lease.queue.schema, answer))
        raise


@transaction.atomic
def answer_held(
    *, lease: Lease, token: int, answer: dict[str, Any], active_s: float | None, reason: str, by: User
) -> Annotation:
    """Check the fence, keep the answer, settle the task."""
    lease, task = locked(lease, by)
    given = given_under(task, lease, token, answer)
    if given is not None:
        return given
    if lease.state != Lease.State.HELD or lease.token != token:
        raise Refused(STALE, "lease_lost")
    check_fits(task.queue.schema, answer, task.example)
    notes = [heed(task, answer, active_s, reason, by) for heed in heeds_of(task.queue)]
    is_gold = task.selected_by == SelectedBy.GOLD  # also one that has gone out of use meanwhile
    is_late = any(late(task) for late in TOO_LATE)
    is_sole = not is_gold and answers_alone(task, by)
    now = timezone.now()
    annotation = Annotation(
        organization=task.organization,
        **origin(task),
        lease=lease,
        author=by,
        schema=task.queue.schema,
        answer=answer,
        label=label_of(task.queue.schema, answer),
        shown_prediction=task.example.predicted if task.queue.show_predictions else None,
        active_s=active_s,
    )
    annotation.state = state_of(task, annotation, is_gold, is_late, is_sole)
    annotation.accepted_at = now if annotation.state == Annotation.State.ACCEPTED else None
    annotation.save(force_insert=True)
    task.organization.leases.filter(pk=lease.pk).update(
        state=Lease.State.ANSWERED, ended_at=now, draft=None, note="", prefetched=False
    )
    for note in filter(None, notes):
        note(annotation)
    record("annotation.submitted", organization=task.organization, subject=annotation, by=by, task=task.pk)
    if is_gold:
        for measure in MEASURES:
            measure(task, annotation)
    elif is_sole and not is_late:
        follow(annotation=annotation, task=task, by=None)
    elif not is_late:
        settle(task=task)
        annotation.refresh_from_db(fields=["state", "accepted_at", "accepted_by"])
    return annotation


def heeds_of(queue: Queue) -> list[Heed]:
    """All that looks at the answers of a queue."""
    return [looking_at(queue) for looking_at in HEEDED]


def state_of(task: Task, answer: Annotation, is_gold: bool, is_late: bool, is_sole: bool) -> str:
    """How a new answer begins; what is said to a known one, or too late, counts nowhere."""
    if is_gold:
        return Annotation.State.GOLD
    if is_late:
        return Annotation.State.LATE
    if not is_sole:
        return Annotation.State.SUBMITTED
    # Whoever holds a task for the first time has not had it returned: that needs no question.
    lease = answer.lease
    return state_of_chosen(
        task, [answer], came_back=lease is not None and lease.token > 1 and came_back(task)
    )


def feedback_on(annotation: Annotation) -> str:
    """What others have to say to the person about their answer; often nothing."""
    return " ".join(words for say in FEEDBACK if (words := say(annotation)))


def answers_alone(task: Task, by: User) -> bool:
    """Whether nobody else has answered or will: what the task comes to needs no look at others."""
    return task.open_slots == 0 and task.people == [by.pk]


def state_of_chosen(task: Task, answers: Sequence[Annotation], *, came_back: bool) -> str:
    """What the answer that a task has come to becomes at once."""
    looked_at = is_looked_at(task, answers, came_back=came_back)
    return Annotation.State.IN_REVIEW if looked_at else Annotation.State.ACCEPTED


def came_back(task: Task) -> bool:
    """Whether a reviewer has returned an answer of this round: what follows is always looked at."""
    return answers_to(task).filter(state=Annotation.State.RETURNED).exists()


def locked(lease: Lease, by: User) -> tuple[Lease, Task]:
    """The person's lease and its task, locked in the order that everybody keeps: lease, then task.

    Raises Lease.DoesNotExist where this person has no such lease in its queue.
    """
    leases = lease.organization.leases.select_for_update(of=("self", "task"), no_key=True)
    mine = leases.select_related("task__example").get(pk=lease.pk, user=by, queue=lease.queue_id)
    task = mine.task
    mine.organization = task.organization = lease.organization
    mine.queue = task.queue = lease.queue
    return mine, task


def answers_to(task: Task) -> QuerySet[Annotation]:
    """The answers of the task's round; found by the example, which has the index."""
    of_example = task.organization.annotations.filter(example=task.example_id)
    return of_example.filter(task=task, round=task.round)


def given_under(task: Task, lease: Lease, token: int, answer: dict[str, Any]) -> Annotation | None:
    """What this very submit has given before, if it is a repetition."""
    if lease.state != Lease.State.ANSWERED or lease.token != token:
        return None
    last = answers_to(task).filter(lease=lease).order_by("-pk").first()
    return last if last is not None and last.answer == answer else None


def check_fits(schema: LabelSchema, answer: Any, example: Example) -> None:
    """Raises Invalid with everything that is wrong with an answer; pointers start at the request.

    Passages have to repeat what the example says there. Where its words lie in a file, the page alone has them.
    """
    errors = check_answer(schema, answer)
    if not errors and example.text:
        errors = check_covered(schema.questions, answer, example.text)
    if errors:
        raise Invalid([FieldError(f"/answer{row.pointer}", row.code, row.detail) for row in errors])


def origin(task: Task) -> dict[str, Any]:
    """What every answer to a task says of where it comes from."""
    return {
        "task": task,
        "round": task.round,
        "example": task.example,
        "queue": task.queue,
        "selected_by": task.selected_by,
        "inclusion_probability": task.inclusion_probability,
    }


def settle(*, task: Task) -> None:
    """Accept, send to review, or wait: what a locked task's answers come to now."""
    busy = task.leases.filter(
        round=task.round, state__in=[Lease.State.HELD, Lease.State.RETURNED, Lease.State.PUT_OFF]
    )
    if task.open_slots or busy.exists():
        return
    submitted = {"source": Annotation.Source.PERSON, "state": Annotation.State.SUBMITTED}
    answers = list(answers_to(task).filter(**submitted).order_by("pk"))
    outcome = outcome_of(task, answers)
    if outcome is Outcome.ONE_MORE:
        ask_one_more(task)
        return
    chosen = (
        None if outcome is Outcome.APART else answers[0] if len(answers) == 1 else consolidate(task, answers)
    )
    if chosen is None:
        move(task, Task.State.COMPLETE)
        return
    chosen.state = state_of_chosen(task, answers, came_back=came_back(task))
    if chosen.state == Annotation.State.IN_REVIEW:
        task.organization.annotations.filter(pk=chosen.pk).update(state=chosen.state)
        follow(annotation=chosen, task=task, by=None)
    else:
        accept(annotation=chosen, task=task, by=None)


def outcome_of(task: Task, answers: list[Annotation]) -> Outcome:
    """What those who judge agreement say; they are content where nobody objects."""
    said = (judge(task, answers) for judge in JUDGES)
    return next((outcome for outcome in said if outcome is not Outcome.CONTENT), Outcome.CONTENT)


def ask_one_more(task: Task) -> None:
    """A place for one more person in a locked task."""
    task.open_slots += 1
    task.organization.tasks.filter(pk=task.pk).update(open_slots=task.open_slots)
    record("task.one_more", organization=task.organization, subject=task, by=None, queue=task.queue_id)


def consolidate(task: Task, answers: list[Annotation]) -> Annotation | None:
    """The answer that more than half gave, as an annotation of its own; None where there is no majority."""
    votes = Counter(row.label for row in answers).most_common(1)
    if not votes or votes[0][1] * 2 <= len(answers):
        return None
    model = next(row for row in answers if row.label == votes[0][0])
    return task.organization.annotations.create(
        **origin(task),
        schema_id=model.schema_id,
        answer=model.answer,
        label=model.label,
        source=Annotation.Source.CONSOLIDATED,
        state=Annotation.State.SUBMITTED,
    )


def accept(*, annotation: Annotation, task: Task, by: User | None) -> None:
    """Make an answer to a locked task the one that counts, and say so on the example if the queue's count."""
    annotation.state, annotation.accepted_at = Annotation.State.ACCEPTED, timezone.now()
    task.organization.annotations.filter(pk=annotation.pk).update(
        state=annotation.state, accepted_at=annotation.accepted_at, accepted_by=by
    )
    follow(annotation=annotation, task=task, by=by)


def follow(*, annotation: Annotation, task: Task, by: User | None) -> None:
    """The task and the example follow an answer that has gone to review or counts."""
    if annotation.state == Annotation.State.IN_REVIEW:
        move(task, Task.State.IN_REVIEW)
        return
    organization, at = task.organization, annotation.accepted_at
    move(task, Task.State.ACCEPTED)
    if task.queue.counts:
        summarize(
            organization=organization,
            labels=[LabelSummary(annotation.example_id, annotation.label, LabelState.ACCEPTED, at)],
        )
    record(
        "annotation.accepted",
        organization=organization,
        subject=annotation,
        by=by,
        task=task.pk,
        example=annotation.example_id,
        queue=task.queue_id,
        selected_by=task.selected_by,
    )


def move(task: Task, to: str, **more: Any) -> None:
    """Move a locked task along; a move that the table does not know is a mistake of ours."""
    if to not in Task.MOVES[task.state]:
        raise AssertionError(f"task {task.pk}: {task.state} -> {to}")
    ends = timezone.now() if to in (Task.State.ACCEPTED, Task.State.ARCHIVED) else None
    task.organization.tasks.filter(pk=task.pk, state=task.state).update(state=to, ended_at=ends, **more)
    task.state = to
