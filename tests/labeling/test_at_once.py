"""Two windows, two people, a week away: what happens at the same moment or far too late."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from labeling.answers.actions import submit
from labeling.answers.undoing import undo
from labeling.models import Annotation, Lease, Queue, Task
from labeling.tasks import claiming, letting_go
from teams.identity.refused import Refused
from teams.identity.roles import Role
from tests.factories import QueueFactory, TaskFactory, member


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each came to, or the refusal that it met; each in a thread and on a connection of its own."""
    barrier, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            found[place] = work()
        except Refused as refused:
            found[place] = refused  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def person(queue: Queue) -> Any:
    return member(queue.organization, Role.LABELER, queue.project)


def held_task() -> Lease:
    queue = TaskFactory().queue
    lease = claiming.claim(user=person(queue), queue=queue)
    assert lease is not None
    return lease


def codes(found: list[Any]) -> list[str]:
    return sorted(row.code for row in found if isinstance(row, Refused))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(5))
def test_two_windows_that_submit_different_answers_keep_one_and_draft_the_other(turn: int) -> None:
    lease = held_task()
    answer = lambda digit: submit(lease=lease, token=1, answer={"digit": digit}, by=lease.user)  # noqa: E731
    found = at_once(lambda: answer("3"), lambda: answer("8"))
    assert codes(found) == ["lease_lost"]
    kept, late = Annotation.objects.get(), Lease.objects.get()
    assert {kept.label, late.draft["digit"]} == {"3", "8"}
    assert Task.objects.get().state == "accepted"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(5))
def test_a_submit_and_the_end_of_its_lease_at_once_leave_one_of_them(turn: int) -> None:
    lease = held_task()
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    found = at_once(
        lambda: submit(lease=lease, token=1, answer={"digit": "3"}, by=lease.user),
        lambda: claiming.expire(timezone.now()),
    )
    task, given = Task.objects.get(), Annotation.objects.count()
    assert (task.state, task.open_slots, given, len(codes(found))) in [
        ("accepted", 0, 1, 0),
        ("open", 1, 0, 1),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(5))
def test_a_submit_and_a_skip_at_once_leave_one_of_them(turn: int) -> None:
    lease = held_task()
    found = at_once(
        lambda: submit(lease=lease, token=1, answer={"digit": "3"}, by=lease.user),
        lambda: letting_go.skip(lease=lease, token=1, by=lease.user),
    )
    task, given = Task.objects.get(), Annotation.objects.count()
    assert codes(found) == ["lease_lost"]
    assert (task.state, task.open_slots, given) in [("accepted", 0, 1), ("open", 1, 0)]


@pytest.mark.django_db(transaction=True)
def test_the_last_answer_is_undone_once_however_often_the_key_is_pressed() -> None:
    lease = held_task()
    submit(lease=lease, token=1, answer={"digit": "3"}, by=lease.user)
    found = at_once(*[lambda: undo(user=lease.user, queue=lease.queue)] * 3)
    assert len(codes(found)) == 2
    assert (Task.objects.get().state, Lease.objects.get().state, Lease.objects.get().token) == (
        "open",
        "held",
        2,
    )


@pytest.mark.django_db
def test_a_window_that_comes_back_after_a_week_is_told_and_its_answer_is_kept(page: Any) -> None:
    queue: Queue = QueueFactory()
    TaskFactory(queue=queue)
    user, other = person(queue), person(queue)
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    lease = claiming.claim(user=user, queue=queue)
    claiming.expire(timezone.now() + timedelta(days=7))
    taken = claiming.claim(user=other, queue=queue)
    submit(lease=taken, token=taken.token, answer={"digit": "3"}, by=other)
    stale = page(user).post(url + "answer/", {"lease": lease.pk, "token": lease.token, "digit": "8"})
    assert (stale.status_code, "no longer yours" in stale.content.decode()) == (409, True)
    assert Lease.objects.get(pk=lease.pk).draft == {"digit": "8"}
    assert list(Annotation.objects.values_list("label", "author")) == [("3", other.pk)]
