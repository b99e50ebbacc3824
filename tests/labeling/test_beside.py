"""Beside a task: its neighbours in time and examples whose answer counts, and nothing that others must not see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from labeling.models import ReviewLease, Task
from labeling.tasks.claiming import claim
from tests.factories import AnnotationFactory, ExampleFactory, GoldFactory, QueueFactory, TaskFactory, member

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def held(queue: Any, **example: Any) -> tuple[Any, Any]:
    """A labeler, and the task of a queue that they hold."""
    task = TaskFactory(queue=queue, example=ExampleFactory(stream=queue.stream, **example), priority=9)
    user = member(queue.organization, "labeler", queue.project)
    lease = claim(user=user, queue=queue)
    assert lease is not None
    assert lease.task_id == task.pk
    return user, task


def of_group(stream: Any, key: str, seconds: int, group: str = "cart 7") -> Any:
    at = NOW + timedelta(seconds=seconds)
    return ExampleFactory(stream=stream, key=key, split_key=group, captured_at=at)


def address(task: Any, room: str = "label") -> str:
    queue = task.queue
    return f"/o/{queue.organization.slug}/{room}/{queue.project.slug}/{queue.slug}/beside/{task.pk}/"


def accepted(queue: Any, label: str, **example: Any) -> Any:
    row = ExampleFactory(stream=queue.stream, **example)
    task = TaskFactory(queue=queue, example=row, state="accepted", open_slots=0)
    return AnnotationFactory(task=task, label=label).example


def test_neighbours_are_the_nearest_of_the_group_before_and_after(page: Any) -> None:
    queue = QueueFactory()
    for second in (-6, -5, -4, -3, -2, -1, 1, 2):
        of_group(queue.stream, f"at {second}", second)
    of_group(queue.stream, "elsewhere", 0, group="cart 8")
    of_group(QueueFactory().stream, "of others", 1)
    user, task = held(queue, key="here", split_key="cart 7", captured_at=NOW)
    shown = page(user).get(address(task), headers={"X-Fragment": "1"})
    assert [row.media.key for row in shown.context["before"]] == ["at -4", "at -3", "at -2", "at -1"]
    assert [row.media.key for row in shown.context["after"]] == ["at 1", "at 2"]
    assert b"<html" not in shown.content


def test_references_are_of_the_class_that_the_model_says_where_it_is_shown(page: Any) -> None:
    queue = QueueFactory(show_predictions=True)
    three = [accepted(queue, "3") for _ in range(8)]
    accepted(queue, "7")
    user, task = held(queue, predicted="3")
    shown = page(user).get(address(task))
    assert [row.example for row in shown.context["references"]] == three[:1:-1]
    assert shown.context["title"] == "Accepted as 3"


def test_a_hidden_guess_does_not_choose_them(page: Any) -> None:
    queue = QueueFactory()
    accepted(queue, "3")
    newest = [accepted(queue, "3"), accepted(queue, "7")]
    user, task = held(queue, predicted="3")
    shown = page(user).get(address(task))
    assert [(row.example, row.words) for row in shown.context["references"]] == [
        (newest[0], "3"),
        (newest[1], "7"),
    ]


@pytest.mark.parametrize("state", ["open", "complete", "in_review"])
def test_what_others_are_still_asked_about_and_known_ones_are_not_shown(page: Any, state: str) -> None:
    queue, other = QueueFactory(), None
    asked, known = accepted(queue, "3"), accepted(queue, "4")
    other = QueueFactory(stream=queue.stream, schema=queue.schema)
    TaskFactory(queue=other, example=asked, state=state)
    gold = TaskFactory(queue=queue, example=known, round=0, state="gold", open_slots=0, selected_by="gold")
    GoldFactory(task=gold)
    user, task = held(queue)
    shown = page(user).get(address(task))
    assert shown.context["references"] == []
    assert b"nothing like it has been accepted" in shown.content


def test_only_who_holds_a_task_or_judges_it_sees_what_stands_beside_it(page: Any) -> None:
    queue = QueueFactory()
    user, task = held(queue)
    other = member(queue.organization, "labeler", queue.project)
    reviewer = member(queue.organization, "reviewer", queue.project)
    assert page(user).get(address(task)).status_code == 200
    assert page(other).get(address(task)).status_code == 404
    assert page(reviewer).get(address(task, "review")).status_code == 404
    Task.objects.update(state="in_review")
    ReviewLease.objects.create(
        organization=task.organization,
        task=task,
        reviewer=reviewer,
        expires_at=timezone.now() + timedelta(minutes=5),
    )
    assert page(reviewer).get(address(task, "review")).status_code == 200


def test_the_statements_are_as_many_for_many_as_for_one(page: Any, django_assert_num_queries: Any) -> None:
    queue = QueueFactory(show_predictions=True)
    user, task = held(queue, key="here", predicted="3", split_key="cart 7", captured_at=NOW)
    browser = page(user)
    of_group(queue.stream, "first", 1)
    accepted(queue, "3")
    browser.get(address(task))
    with django_assert_num_queries(9):
        browser.get(address(task))
    for second in (2, 3):
        of_group(queue.stream, f"at {second}", second)
        accepted(queue, "3")
    with django_assert_num_queries(9):
        browser.get(address(task))
