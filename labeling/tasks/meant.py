"""Tasks that stand aside of the line: assigned by hand, escalated, flagged; and how they come back."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.queues.people import check_member
from labeling.tasks.letting_go import archive
from labeling.tasks.models import SelectedBy, Task
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


def check_open(task: Task) -> None:
    """Only a task with a free place waits for anybody."""
    if task.state != Task.State.OPEN or not task.open_slots:
        raise Refused(_("Nobody is needed for this task now: it is held, answered or over."), "not_open")


def check_aside(task: Task) -> None:
    """Only what stands aside can come back."""
    check_open(task)
    if task.line == Task.Line.ANYBODY:
        raise Refused(_("This task is in line already."), "in_line")


def check_assign(task: Task) -> None:
    """A task can be meant for one person; not one of which a pipeline waits."""
    check_open(task)
    if task.selected_by == SelectedBy.ASK:
        raise Refused(_("A pipeline waits for this answer: whoever is there first gives it."), "asked")


@transaction.atomic
def assign(*, task: Task, to: User, by: User | None) -> None:
    """Give the next free place of a task to one person; what is assigned comes before what is anybody's."""
    organization = task.organization
    task = organization.tasks.select_for_update(no_key=True).get(pk=task.pk)
    check_assign(task)
    check_member(organization, to)
    if to.pk in task.people:
        raise Refused(_("%(person)s has had this task before.") % {"person": to}, "had_it", 422)
    organization.tasks.filter(pk=task.pk).update(line=Task.Line.ASSIGNED, assigned_to=to)
    record("task.assigned", organization=organization, subject=task, by=by, to=to.pk)


@transaction.atomic
def back_in_line(*, task: Task, by: User | None) -> None:
    """Let anybody have it again; it starts counting those who let it run out anew."""
    organization = task.organization
    task = organization.tasks.select_for_update(no_key=True).get(pk=task.pk)
    check_aside(task)
    organization.tasks.filter(pk=task.pk).update(line=Task.Line.ANYBODY, assigned_to=None, expiries=0)
    record("task.back_in_line", organization=organization, subject=task, by=by)


def check_drop(task: Task) -> None:
    """A manager may drop what nobody has answered yet."""
    if task.state != Task.State.OPEN:
        raise Refused(_("Only an open task can be dropped."), "not_open")
    if task.selected_by == SelectedBy.ASK:
        raise Refused(_("A pipeline waits for this answer; it can stop its ask."), "asked")


@transaction.atomic
def drop(*, task: Task, by: User | None) -> None:
    """Ask nobody about it any more; whoever holds it is told when they send their answer."""
    check_drop(task)
    archive(task=task)
    record("task.dropped", organization=task.organization, subject=task, by=by)
