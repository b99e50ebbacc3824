"""Letting go of a task unanswered: leave it to others, put it off, drop it, or show it to a manager."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.queues.models import Queue
from labeling.tasks.claiming import STALE
from labeling.tasks.models import Lease, SelectedBy, Task
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

STAYS = timedelta(days=1)  # how long what was put off stays somebody's after it is offered to them again
SAID = 300  # characters of a reason


def way_of_skipping(lease: Lease) -> str:
    """What skipping this task means. Where a pipeline waits it is always left to others."""
    is_asked = lease.task.selected_by == SelectedBy.ASK
    return Queue.Skipping.OTHERS if is_asked else lease.queue.skipping


def check_skip(*, lease: Lease, said: str = "") -> None:
    """Raises Refused where the queue's tasks are not skipped, or not without a reason."""
    way = way_of_skipping(lease)
    if way == Queue.Skipping.NEVER:
        raise Refused(
            _("Tasks of this queue are not skipped. Flag it if a manager should look at it."), "no_skipping"
        )
    if way == Queue.Skipping.DROP and not said.strip():
        raise Refused(_("Say why nobody should answer this task."), "reason_missing", 422)


def check_flag(*, lease: Lease, said: str) -> None:
    """Raises Refused where a pipeline waits for the answer, or the manager would not know what to look at."""
    if lease.task.selected_by == SelectedBy.ASK:
        raise Refused(
            _("A pipeline waits for this answer and cannot wait for a manager; skip it instead."), "asked"
        )
    if not said.strip():
        raise Refused(_("Say what a manager should look at."), "reason_missing", 422)


@transaction.atomic
def skip(*, lease: Lease, token: int, said: str = "", by: User) -> str:
    """Let go of a task in the queue's way of skipping, which is returned. Raises Refused, also when it is lost."""
    check_skip(lease=lease, said=said)
    way = way_of_skipping(lease)
    if way == Queue.Skipping.LATER:
        put_off(lease=lease, token=token, by=by)
        return way
    end(lease, token, said)
    tasks = lease.organization.tasks.filter(pk=lease.task_id, state=Task.State.OPEN)
    if way == Queue.Skipping.DROP:
        archive(task=lease.task)
        record("task.dropped", organization=lease.organization, subject=lease.task, by=by)
    else:
        tasks.update(open_slots=F("open_slots") + 1)
        record("task.skipped", organization=lease.organization, subject=lease.task, by=by)
    return way


def put_off(*, lease: Lease, token: int, by: User) -> None:
    """Keep the task for this person, but out of their way for a while."""
    now = timezone.now()
    again = now + timedelta(seconds=lease.queue.put_off_s)
    ends = {"state": Lease.State.PUT_OFF, "ended_at": now, "again_at": again, "expires_at": again + STAYS}
    if not holding(lease, token).update(**ends, prefetched=False):
        raise Refused(STALE, "lease_lost")
    record("task.put_off", organization=lease.organization, subject=lease.task, by=by)


@transaction.atomic
def flag(*, lease: Lease, token: int, said: str, by: User) -> None:
    """Let go of a task and take it out of the line until a manager has looked at it."""
    check_flag(lease=lease, said=said)
    end(lease, token, said)
    tasks = lease.organization.tasks.filter(pk=lease.task_id, state=Task.State.OPEN)
    tasks.update(open_slots=F("open_slots") + 1, line=Task.Line.FLAGGED, assigned_to=None)
    record("task.flagged", organization=lease.organization, subject=lease.task, by=by)


def holding(lease: Lease, token: int) -> QuerySet[Lease]:
    """The lease, if it is still held by this token."""
    return lease.organization.leases.filter(pk=lease.pk, token=token, state=Lease.State.HELD)


def end(lease: Lease, token: int, said: str) -> None:
    """End a hold for good: this person is not offered the task again. Raises Refused when it is lost."""
    ends = {"state": Lease.State.SKIPPED, "ended_at": timezone.now(), "said": said.strip()[:SAID]}
    if not holding(lease, token).update(**ends, prefetched=False):
        raise Refused(STALE, "lease_lost")


def archive(*, task: Task) -> None:
    """Nobody answers an open task any more; whoever is at it is told when they send their answer."""
    if task.state != Task.State.OPEN:
        return
    organization, now = task.organization, timezone.now()
    others = organization.leases.filter(
        task=task, state__in=[Lease.State.HELD, Lease.State.PUT_OFF, Lease.State.RETURNED]
    )
    others.update(
        state=Lease.State.EXPIRED, token=F("token") + 1, ended_at=now, prefetched=False, again_at=None
    )
    tasks = organization.tasks.filter(pk=task.pk, state=Task.State.OPEN)
    tasks.update(
        state=Task.State.ARCHIVED, open_slots=0, ended_at=now, line=Task.Line.ANYBODY, assigned_to=None
    )
