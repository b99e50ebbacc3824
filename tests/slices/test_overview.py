"""The first page of an organization: what its projects' cards say, however much there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from slices.gates import overview
from teams.identity.roles import Role
from tests.factories import AnnotationFactory, QueueFactory, RunFactory, ScheduleFactory, TaskFactory, member

pytestmark = pytest.mark.django_db


def test_cards_say_what_waits_and_when_it_ran_and_count_no_further_than_they_must(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = QueueFactory()
    project, now = queue.project, timezone.now()
    for _time in range(3):
        TaskFactory(queue=queue)
    AnnotationFactory(task__queue=queue, state="accepted")
    ends = [now - timedelta(hours=hours) for hours in (3, 1, 2)]
    for at in ends:
        RunFactory(project=project, state="failed", ended_at=at)
    for hours in (2, 1):
        ScheduleFactory(slice__stream=queue.stream, next_due_at=now + timedelta(hours=hours))
    browser = page(member(project.organization, Role.OWNER))
    home = f"/o/{project.organization.slug}/"
    tasks = project.organization.tasks.filter(state="open").count()
    [card] = browser.get(home).context["cards"]
    assert card["figures"] == [("Tasks open", tasks), ("Labels accepted", 1)]
    assert (card["last_run_at"], card["next_run_at"]) == (ends[1], now + timedelta(hours=1))
    monkeypatch.setattr(overview, "UP_TO", 2)
    answer = browser.get(home)
    [card] = answer.context["cards"]
    assert card["figures"] == [("Tasks open", "2+"), ("Labels accepted", 1)]
    assert [row["value"] for row in answer.context["stats"]] == [1, "2+", 1]
