"""Doing a recall, or taking it back: some tasks at a time, each step a transaction that says how far it came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable

from django.db.models import F
from django.utils import timezone

from labeling.answers.labels import labels_now
from labeling.answers.models import Annotation
from labeling.quality.gold import retire
from labeling.recall.actions import JOB
from labeling.recall.choosing import choice_of, chosen
from labeling.recall.holding import hold
from labeling.recall.models import Recall, RecalledAnswer
from labeling.recall.restoring import restore_some
from labeling.recall.voiding import void
from labeling.tasks.models import Task
from projects.streams.summary import summarize
from teams.events.actions import record
from teams.identity.models import Organization
from teams.work.jobs import stepwise

STEP = 200  # answers; their tasks are in nobody else's hands for as long as a step takes


def gave_up(organization: Organization, recall_id: int) -> None:
    """Every attempt went wrong on our side; what was done stays, and somebody may go on with it."""
    row = current(organization, recall_id)
    if row is not None and row.state in Recall.UNDER_WAY:
        organization.recalls.filter(pk=row.pk).update(state=Recall.State.STUCK)
        record("recall.stuck", organization=organization, subject=row, by=None, answers=row.answers)


@stepwise(JOB, given_up=gave_up)
def run(organization: Organization, recall_id: int) -> Generator[None, None, None]:
    """Go on from where it is, to the end."""
    while (row := current(organization, recall_id)) is not None and row.state in Recall.UNDER_WAY:
        step = recall_some if row.state == Recall.State.GOING else restore_some
        if not step(row):
            end(row)
            return
        yield


def current(organization: Organization, recall_id: int) -> Recall | None:
    """The recall as it is now, ours until the end of the transaction."""
    rows = organization.recalls.select_related(
        "project__organization", "organization", "person", "queue", "schema"
    )
    return rows.select_for_update(of=("self",), no_key=True).filter(pk=recall_id).first()


def recall_some(row: Recall) -> bool:
    """Void the next answers, and with them whatever else the recall means in their tasks; whether there were any."""
    organization, meant = row.organization, chosen(choice_of(row))
    following = meant.filter(pk__gt=row.position).order_by("pk").values_list("pk", "task_id")
    found = list(following[:STEP])
    if not found:
        return False
    tasks = hold(organization, {task_id for _pk, task_id in found})
    by_task = grouped(meant.filter(task__in=list(tasks)).order_by("pk"))
    notes = [made for pk, answers in by_task.items() for made in void(row, tasks[pk], answers)]
    put_golds_away(row, notes)
    organization.recalled_answers.bulk_create(notes)
    say_labels(organization, tasks.values())
    count(row, found[-1][0], notes)
    return True


def grouped(answers: Iterable[Annotation]) -> dict[int, list[Annotation]]:
    """Answers by their task."""
    found: defaultdict[int, list[Annotation]] = defaultdict(list)
    for row in answers:
        found[row.task_id].append(row)
    return found


def put_golds_away(recall: Recall, notes: list[RecalledAnswer]) -> None:
    """Known answers that were made from voided ones are not known any more."""
    by_answer: dict[int | None, RecalledAnswer] = {row.annotation_id: row for row in notes}
    rows = recall.organization.golds.filter(made_from__in=list(by_answer), retired_at=None)
    for gold in rows.select_related("organization").order_by("pk"):
        retire(gold=gold, by=recall.made_by)
        by_answer[gold.made_from_id].gold = gold


def say_labels(organization: Organization, tasks: Iterable[Task]) -> None:
    """The examples' labels follow what counts now."""
    summarize(
        organization=organization, labels=labels_now(organization, sorted({row.example_id for row in tasks}))
    )


def count(recall: Recall, position: int, notes: list[RecalledAnswer]) -> None:
    """How far it is, and what came of it."""
    opened = {row.task_id for row in notes if row.again is not None or row.places}
    joined = {row.task_id for row in notes if row.annotation.source == Annotation.Source.CONSOLIDATED}
    recall.organization.recalls.filter(pk=recall.pk).update(
        position=position,
        answers=F("answers") + sum(row.annotation.source == Annotation.Source.PERSON for row in notes),
        reopened=F("reopened") + len(opened),
        resettled=F("resettled") + len(joined - opened),
        golds=F("golds") + sum(row.gold is not None for row in notes),
    )


def end(row: Recall) -> None:
    """All is voided, or all is back that can be."""
    rows, now = row.organization.recalls.filter(pk=row.pk), timezone.now()
    if row.state == Recall.State.UNDOING:
        rows.update(state=Recall.State.UNDONE)
        record(
            "answers.restored",
            organization=row.organization,
            subject=row,
            by=row.undone_by,
            answers=row.answers,
            restored=row.restored,
        )
        return
    rows.update(state=Recall.State.DONE, done_at=now)
    counts = {name: getattr(row, name) for name in ("answers", "reopened", "resettled", "golds")}
    record("answers.recalled", organization=row.organization, subject=row, by=row.made_by, **counts)
