"""A labeler's day: what is routed, who holds it, what is answered, what counts."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from labeling.answers.actions import submit
from labeling.answers.labels import accepted_labels
from labeling.models import Annotation, Lease, Task
from labeling.queues import actions as queues
from labeling.tasks import claiming, letting_go
from labeling.tasks.routing import draw, route
from projects.conditions import Condition
from teams.access.problems import Invalid
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.people.actions import deactivate_member
from teams.work.clock import tick
from tests.factories import (
    ExampleFactory,
    LabelSchemaFactory,
    LeaseFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)


def ids(stream) -> list[int]:
    return list(stream.examples.values_list("pk", flat=True))


@pytest.mark.django_db
def test_only_hard_cases_of_the_training_buckets_and_a_lot_of_the_others_become_tasks() -> None:
    stream = StreamFactory()
    hard = ExampleFactory(stream=stream, confidence=0.3)
    ExampleFactory(stream=stream, confidence=0.95)
    unsure_test = [ExampleFactory(stream=stream, confidence=0.3, bucket=n) for n in range(100)]
    ExampleFactory(stream=stream, confidence=0.2, label="3", label_state="accepted")
    condition = Condition.from_text("confidence is null or confidence < 0.9", stream).json
    queue = queues.create_queue(
        stream=stream,
        schema=LabelSchemaFactory(project=stream.project),
        slug="hard",
        name="Hard",
        condition=condition,
        audit_percent=30,
        by=None,
    )
    opened = route(queue=queue, example_ids=ids(stream), by=None)
    assert route(queue=queue, example_ids=ids(stream), by=None) == 0, "routing again opens none"
    rule, lot = queue.tasks.filter(selected_by="rule"), queue.tasks.filter(selected_by="random")
    assert [task.example for task in rule] == [hard]
    assert {task.example_id for task in lot} <= {row.pk for row in unsure_test}
    assert {task.inclusion_probability for task in lot} == {0.3}
    assert (opened, 10 <= lot.count() <= 50) == (1 + lot.count(), True)


@pytest.mark.django_db
def test_a_paused_queue_takes_nothing_and_gives_nothing() -> None:
    task = TaskFactory()
    queues.pause(queue=task.queue, by=None)
    task.queue.refresh_from_db()
    user = member(task.organization, Role.LABELER, task.queue.project)
    assert claiming.claim(user=user, queue=task.queue) is None
    queues.resume(queue=task.queue, by=None)
    task.queue.refresh_from_db()
    assert claiming.claim(user=user, queue=task.queue).task == task


@pytest.mark.django_db
def test_drawing_to_a_total_twice_opens_them_once_and_only_from_training() -> None:
    queue = QueueFactory(counts=False)
    for n in range(30):
        ExampleFactory(stream=queue.stream, bucket=5000 if n < 20 else 10)
    assert (draw(queue=queue, total=5, by=None), draw(queue=queue, total=5, by=None)) == (5, 0)
    assert draw(queue=queue, total=50, by=None) == 15
    assert {task.example.bucket for task in queue.tasks.select_related("example")} == {5000}


@pytest.mark.django_db
def test_the_least_certain_task_of_the_highest_priority_comes_first() -> None:
    queue = QueueFactory()
    due = timezone.now()
    make = lambda **fields: TaskFactory(queue=queue, due_at=due, **fields)  # noqa: E731
    later, sure, unsure, urgent = (
        TaskFactory(queue=queue, due_at=due + timedelta(hours=1)),
        make(order_key=0.8),
        make(order_key=0.1),
        make(priority=5, order_key=0.9),
    )
    people = [member(queue.organization, Role.LABELER, queue.project) for _n in range(4)]
    assert [claiming.claim(user=user, queue=queue).task for user in people] == [urgent, unsure, sure, later]


@pytest.mark.django_db
def test_who_holds_a_task_gets_the_same_one_again() -> None:
    task = TaskFactory()
    TaskFactory(queue=task.queue)
    user = member(task.organization, Role.LABELER, task.queue.project)
    first, again = claiming.claim(user=user, queue=task.queue), claiming.claim(user=user, queue=task.queue)
    assert (first.pk, first.token) == (again.pk, again.token)
    assert Lease.objects.count() == 1


@pytest.mark.django_db
def test_a_lease_that_ran_out_returns_the_place_and_the_late_submit_becomes_a_draft() -> None:
    task = TaskFactory()
    user, other = (member(task.organization, Role.LABELER, task.queue.project) for _n in range(2))
    lease = claiming.claim(user=user, queue=task.queue)
    assert claiming.expire(timezone.now() + timedelta(hours=1)) == 1
    assert claiming.claim(user=other, queue=task.queue).task == task
    with pytest.raises(Refused) as refused:
        submit(lease=lease, token=lease.token, answer={"digit": "7"}, by=user)
    lease.refresh_from_db()
    assert (refused.value.code, lease.draft, Annotation.objects.count()) == ("lease_lost", {"digit": "7"}, 0)


@pytest.mark.django_db
def test_a_skipped_task_goes_to_others_and_not_to_me_again() -> None:
    task = TaskFactory()
    user, other = (member(task.organization, Role.LABELER, task.queue.project) for _n in range(2))
    lease = claiming.claim(user=user, queue=task.queue)
    letting_go.skip(lease=lease, token=lease.token, by=user)
    assert claiming.claim(user=user, queue=task.queue) is None
    assert claiming.claim(user=other, queue=task.queue).task == task


@pytest.mark.django_db
def test_the_same_submit_twice_is_one_answer_and_it_counts_at_once() -> None:
    lease = LeaseFactory(task__open_slots=0)
    first = submit(lease=lease, token=1, answer={"digit": "7"}, by=lease.user)
    again = submit(lease=lease, token=1, answer={"digit": "7"}, by=lease.user)
    example = lease.task.example
    example.refresh_from_db()
    assert (first.pk, again.pk, first.state, Annotation.objects.count()) == (
        first.pk,
        first.pk,
        "accepted",
        1,
    )
    assert (example.label, example.label_state, Task.objects.get().state) == ("7", "accepted", "accepted")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"digit": ""},
        {"digit": "11"},
        {"digit": 3},
        {"digit": ["3"]},
        {"digit": "3", "more": "x"},
        [],
        "3",
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_a_pointer(answer: Any) -> None:
    lease = LeaseFactory(task__open_slots=0)
    with pytest.raises(Invalid) as caught:
        submit(lease=lease, token=1, answer=answer, by=lease.user)
    assert caught.value.errors[0]["pointer"].startswith("/answer")
    assert Annotation.objects.count() == 0


@pytest.mark.django_db
def test_the_labels_of_a_control_queue_stay_out_of_the_example_and_of_other_slices() -> None:
    queue = QueueFactory(counts=False)
    lease = LeaseFactory(task__queue=queue, task__open_slots=0)
    submit(lease=lease, token=1, answer={"digit": "7"}, by=lease.user)
    example = lease.task.example
    example.refresh_from_db()
    assert (example.label, example.label_state) == (None, "none")
    assert list(accepted_labels(queue.stream)) == []
    assert [row.label for row in accepted_labels(queue.stream, queues=[queue.pk])] == ["7"]


@pytest.mark.django_db
def test_with_overlap_the_majority_becomes_an_answer_of_its_own() -> None:
    task = TaskFactory(queue=QueueFactory(overlap=3))
    for digit in "737":
        user = member(task.organization, Role.LABELER, task.queue.project)
        lease = claiming.claim(user=user, queue=task.queue)
        submit(lease=lease, token=lease.token, answer={"digit": digit}, by=user)
    rows = list(Annotation.objects.order_by("pk").values_list("label", "source", "state"))
    assert rows == [
        ("7", "person", "submitted"),
        ("3", "person", "submitted"),
        ("7", "person", "submitted"),
        ("7", "consolidated", "accepted"),
    ]


@pytest.mark.django_db(transaction=True)
def test_eight_people_at_fifty_tasks_of_two_places_hold_each_place_once() -> None:
    queue = QueueFactory(overlap=2)
    for _n in range(50):
        TaskFactory(queue=queue)
    people = [member(queue.organization, Role.LABELER, queue.project) for _n in range(8)]
    errors: list[Exception] = []

    def work(user) -> None:
        try:
            while (lease := claiming.claim(user=user, queue=queue)) is not None:
                submit(lease=lease, token=lease.token, answer={"digit": "3"}, by=user)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for task in Task.objects.all():
        authors = task.annotations.exclude(author=None).values_list("author", flat=True)
        assert (task.state, task.open_slots, len(authors), len(set(authors))) == ("accepted", 0, 2, 2)


@pytest.mark.django_db
def test_a_labeler_takes_answers_and_gets_the_next_on_the_page(page) -> None:
    queue = QueueFactory()
    first, second = (TaskFactory(queue=queue, order_key=n) for n in range(2))
    user = member(queue.organization, Role.LABELER, queue.project)
    url, client = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/", page(user)
    assert b"2 tasks are waiting" in client.get(url).content
    assert Lease.objects.count() == 0, "looking takes nothing"
    client.post(url + "take/")
    shown = client.get(url)
    assert first.example.key.encode() in shown.content
    lease = shown.context["lease"]
    answered = client.post(
        url + "answer/",
        {"lease": lease.pk, "token": lease.token, "digit": "7", "active_s": "2.5"},
        follow=True,
    )
    assert second.example.key.encode() in answered.content
    assert list(Annotation.objects.values_list("label", "author", "active_s")) == [("7", user.pk, 2.5)]
    stale = client.post(url + "answer/", {"lease": lease.pk, "token": lease.token, "digit": "8"}, follow=True)
    assert b"no longer yours" in stale.content


@pytest.mark.django_db
def test_the_labelers_home_takes_the_same_queries_for_one_queue_and_for_three(
    page, django_assert_num_queries
) -> None:
    queue = QueueFactory()
    user = member(queue.organization, Role.LABELER, queue.project)
    url, client = f"/o/{queue.organization.slug}/label/", page(user)
    client.get(url)  # what is asked once a process
    with django_assert_num_queries(7):
        client.get(url)
    for _n in range(2):
        TaskFactory(queue=QueueFactory(stream=queue.stream))
    with django_assert_num_queries(7):
        shown = client.get(url)
    assert sorted(row.waiting for row in shown.context["queues"]) == [0, 1, 1]


@pytest.mark.django_db
def test_a_viewer_may_not_label_and_a_stranger_finds_nothing(page) -> None:
    queue = QueueFactory()
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    viewer = member(queue.organization, Role.VIEWER, queue.project)
    ungranted = member(queue.organization, Role.LABELER)
    stranger = member(QueueFactory().organization, Role.OWNER)
    assert [page(user).get(url).status_code for user in (viewer, ungranted, stranger)] == [403, 404, 404]


@pytest.mark.django_db
def test_what_a_deactivated_person_held_goes_to_somebody_else() -> None:
    task = TaskFactory()
    leaver, next_one = (member(task.organization, Role.LABELER, task.queue.project) for _ in range(2))
    claiming.claim(user=leaver, queue=task.queue)
    deactivate_member(membership=task.organization.memberships.get(user=leaver), by=None)
    tick(timezone.now())
    lease = claiming.claim(user=next_one, queue=task.queue)
    assert (lease and lease.task, Lease.objects.get(user=leaver).state) == (task, "expired")
