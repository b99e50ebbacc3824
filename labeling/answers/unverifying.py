"""Taking back the last sheet: within two minutes, all of it that nobody has acted on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.labels import labels_now
from labeling.answers.models import Annotation
from labeling.answers.undoing import ACTED_ON, WITHIN
from labeling.queues.models import Queue
from labeling.tasks.models import CELLS, Lease, SelectedBy, Task
from labeling.tasks.sheets import let_go
from projects.streams.summary import summarize
from teams.events.actions import record, record_each
from teams.identity.models import User
from teams.identity.refused import Refused

ENDED = (Lease.State.ANSWERED, Lease.State.SKIPPED)


@transaction.atomic
def undo_sheet(*, user: User, queue: Queue) -> int:
    """Hold the cells of the last sheet again, marked as they were; how many of them could not be taken back.

    What is held meanwhile returns to the line. Raises Refused where there is nothing that can be undone.
    """
    organization, now = queue.organization, timezone.now()
    leases = last_sheet(user, queue, now)
    said = {row.lease_id: row for row in answers_under(queue, leases)}
    done = acted_on(queue, leases, said)
    back = [lease for lease in leases if lease.pk not in done]
    if not back:
        raise Refused(_("Somebody has acted on this already; it cannot be undone."), "acted_on")
    let_go(user=user, queue=queue)
    rows = [said[lease.pk] for lease in back if lease.pk in said]
    organization.annotations.filter(pk__in=[row.pk for row in rows]).update(state=Annotation.State.SUPERSEDED)
    tasks = organization.tasks.filter(pk__in=[lease.task_id for lease in back])
    tasks.update(state=Task.State.OPEN, ended_at=None)
    take_back_from_others(queue, [lease for lease in back if lease.pk not in said])
    if queue.counts and rows:
        examples = [row.example_id for row in rows if row.state == Annotation.State.ACCEPTED]
        summarize(organization=organization, labels=labels_now(organization, examples))
    hold_again(queue, back, said, now)
    undone = [(row, {"task": row.task_id}) for row in rows]
    record_each("annotation.undone", organization=organization, subjects=undone, by=user)
    record("sheet.undone", organization=organization, subject=queue, by=user, cells=len(back))
    return len(done)


def last_sheet(user: User, queue: Queue, now: datetime) -> list[Lease]:
    """The holds that ended together last, locked with their tasks. Raises Refused."""
    mine = queue.organization.leases.filter(user=user, queue=queue, state__in=ENDED)
    last = mine.order_by(F("ended_at").desc(nulls_last=True)).values_list("ended_at", flat=True).first()
    if last is None:
        raise Refused(_("There is no answer of yours here to undo."), "nothing_to_undo")
    if now - last > WITHIN:
        raise Refused(_("An answer can be undone for two minutes; this one is older."), "too_old")
    rows = mine.filter(ended_at=last).select_for_update(of=("self", "task"), no_key=True)
    return list(rows.select_related("task").order_by("pk")[:CELLS])


def answers_under(queue: Queue, leases: Sequence[Lease]) -> list[Annotation]:
    """What was answered under these holds and stands."""
    examples = [lease.task.example_id for lease in leases]
    said = queue.organization.annotations.filter(example__in=examples, lease__in=[row.pk for row in leases])
    return list(
        said.exclude(state__in=[Annotation.State.SUPERSEDED, Annotation.State.RETURNED]).order_by("pk")
    )


def acted_on(queue: Queue, leases: Sequence[Lease], said: dict[int | None, Annotation]) -> set[int]:
    """The holds of which something has come already: a verdict, a later answer, somebody else's work, an ask's end."""
    organization = queue.organization
    rows = list(said.values())
    reviewed = organization.reviews.filter(annotation__in=[row.pk for row in rows])
    judged = set(reviewed.values_list("annotation", flat=True))
    examples = [lease.task.example_id for lease in leases]
    newest: dict[int, int] = {}
    given = organization.annotations.filter(example__in=examples).exclude(state=Annotation.State.SUPERSEDED)
    for task, pk in given.order_by("pk").values_list("task", "pk"):
        newest[task] = pk
    taken = set(
        handed_on_to(queue, leases)
        .exclude(state=Task.State.OPEN, people=[])
        .values_list("example", flat=True)
    )

    def is_done(lease: Lease) -> bool:
        task, row = lease.task, said.get(lease.pk)
        if task.selected_by in (SelectedBy.ASK, SelectedBy.GOLD) or task.state == Task.State.COMPLETE:
            return True
        if row is None:
            return task.state != Task.State.ARCHIVED or task.example_id in taken
        is_later = newest.get(task.pk, 0) > row.pk
        return row.accepted_by_id is not None or row.state in ACTED_ON or row.pk in judged or is_later

    return {lease.pk for lease in leases if is_done(lease)}


def handed_on_to(queue: Queue, leases: Sequence[Lease]) -> QuerySet[Task]:
    """The tasks that this sheet opened in the other queue."""
    ended = [lease.ended_at for lease in leases if lease.ended_at is not None]
    examples = [lease.task.example_id for lease in leases if lease.state == Lease.State.SKIPPED]
    tasks = queue.organization.tasks.filter(queue=queue.exceptions_to_id or 0, example__in=examples)
    return tasks.filter(opened_at__gte=min(ended))


def take_back_from_others(queue: Queue, leases: Sequence[Lease]) -> None:
    """What nobody has seen there is not asked there."""
    if leases:
        handed_on_to(queue, leases).filter(state=Task.State.OPEN, people=[]).delete()


def hold_again(
    queue: Queue, leases: Sequence[Lease], said: dict[int | None, Annotation], now: datetime
) -> None:
    """Their person holds them again, with what they said of the marked ones."""
    for lease in leases:
        row = said.get(lease.pk)
        is_right = row is not None and row.label == row.shown_prediction
        lease.draft = None if is_right else row.answer if row is not None else {}
        lease.state, lease.token, lease.ended_at = Lease.State.HELD, lease.token + 1, None
        lease.claimed_at, lease.expires_at = now, now + timedelta(seconds=queue.lease_s)
    fields = ["draft", "state", "token", "ended_at", "claimed_at", "expires_at"]
    queue.organization.leases.bulk_update(leases, fields)
