"""Fifty labelers at ten thousand tasks that want two answers each, while their processes die."""

from __future__ import annotations

import time

import pytest

from tests.labeling.crowd import violations
from tests.labeling.test_crowd import crowd
from tests.recorder import CHAOS, chaos_entry, write

PEOPLE, TASKS, SECONDS = 50, 10_000, 3600


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_each_of_many_tasks_ends_with_two_answers_of_two_people() -> None:
    everybody, started = crowd(people=PEOPLE, tasks=TASKS, seconds=SECONDS), time.monotonic()
    is_done = everybody.work()
    found = violations(everybody.queue)
    entry = chaos_entry(
        f"{PEOPLE} labelers, {TASKS:,} tasks of two answers",
        seconds=time.monotonic() - started,
        kills=everybody.kills,
        accepted=everybody.queue.annotations.filter(source="person").count(),
        violations=found,
    )
    write(CHAOS, entry)
    assert (is_done, found) == (True, [])
