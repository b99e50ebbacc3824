"""Two answers of two people to each task, whatever dies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from labeling.models import Queue
from teams.identity.roles import Role
from tests.factories import QueueFactory, TaskFactory, member
from tests.labeling.crowd import Crowd, violations

TASKS = 100


def crowd(people: int, tasks: int, seconds: float, seed: int = 1) -> Crowd:
    """So many people, every third with two windows, at tasks that want two answers under leases of a second."""
    queue: Queue = QueueFactory(overlap=2, lease_s=1)
    TaskFactory.create_batch(tasks, queue=queue)
    windows: list[Any] = []
    for number in range(people):
        user = member(queue.organization, Role.LABELER, queue.project)
        for _ in range(2 if number % 3 == 0 else 1):
            window = Client()
            window.force_login(user)
            windows.append(window)
    return Crowd(queue=queue, windows=windows, seed=seed, seconds=seconds)


@pytest.mark.django_db(transaction=True)
def test_each_task_ends_with_two_answers_of_two_people_whatever_dies() -> None:
    everybody = crowd(people=4, tasks=TASKS, seconds=180)
    assert everybody.work(), "some tasks were never settled"
    assert violations(everybody.queue) == []
    assert everybody.kills > 0
