"""Low agreement asks one more person, one at a time; figures of agreement are found and kept by day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from labeling.answers.actions import submit
from labeling.models import Annotation
from labeling.quality.measuring import measure, more_to_tell
from labeling.quality.overlap import confusion, hardest, shared_tasks
from labeling.reviews.actions import correct_answer
from labeling.reviews.claiming import claim as take_verdict
from labeling.tasks.claiming import claim
from labeling.tasks.models import Task
from teams.identity.roles import Role
from teams.models import Event, Job, User
from teams.work.clock import tick
from teams.work.jobs import run
from tests.factories import AnnotationFactory, QueueFactory, TaskFactory, UserFactory, member

pytestmark = pytest.mark.django_db


def asked(**rules: Any) -> Any:
    return QueueFactory(overlap=2, agreement_floor=60, most_answers=4, **rules)


def say(queue: Any, *digits: str) -> None:
    """Each digit by another person, one after the other."""
    for digit in digits:
        user = member(queue.organization, Role.LABELER, queue.project)
        lease = claim(user=user, queue=queue)
        assert lease is not None
        submit(lease=lease, token=lease.token, answer={"digit": digit}, by=user)


@pytest.mark.parametrize(
    "digits, state, places",
    [
        ("3", "open", 1),
        ("33", "accepted", 0),
        ("34", "open", 1),  # half stand together: one more
        ("343", "accepted", 0),  # two of three do
        ("345", "open", 1),
        ("3455", "complete", 0),  # four is the most: somebody decides
        ("3456", "complete", 0),
    ],
)
def test_one_more_is_asked_until_enough_stand_together_or_there_are_too_many(
    digits: str, state: str, places: int
) -> None:
    task = TaskFactory(queue=asked())
    say(task.queue, *digits)
    task.refresh_from_db()
    assert (task.state, task.open_slots, len(task.people)) == (state, places, len(digits))


def test_it_is_on_record_that_one_more_was_asked() -> None:
    task = TaskFactory(queue=asked())
    say(task.queue, "3", "4")
    event = Event.objects.get(kind="task.one_more")
    assert (event.subject_id, event.data["queue"]) == (task.pk, task.queue_id)


@pytest.mark.parametrize("rules", [{"selected_by": "ask"}, {"queue__agreement_floor": None}])
def test_asks_and_queues_without_a_floor_are_settled_at_once(rules: dict[str, Any]) -> None:
    task = TaskFactory(**{"queue__overlap": 2, "queue__agreement_floor": 60} | rules)
    say(task.queue, "3", "4")
    assert Task.objects.get().state == "complete"


def test_who_answered_is_never_the_one_more() -> None:
    task = TaskFactory(queue=asked())
    say(task.queue, "3", "4")
    people = Task.objects.get(pk=task.pk).people
    assert (
        claim(user=member(task.organization, Role.LABELER, task.queue.project), queue=task.queue) is not None
    )
    assert claim(user=User.objects.get(pk=people[0]), queue=task.queue) is None


def both(queue: Any, pairs: list[tuple[str, str]]) -> tuple[Any, Any]:
    """Two people and what they said of some tasks."""
    people = UserFactory(), UserFactory()
    for pair in pairs:
        task = TaskFactory(queue=queue, state="complete", open_slots=0, people=[one.pk for one in people])
        for user, label in zip(people, pair, strict=True):
            AnnotationFactory(task=task, author=user, label=label, state="submitted")
    return people


PAIRS = [("3", "3"), ("8", "8"), ("3", "8"), ("3", "3"), ("8", "8"), ("1", "7")]


def test_figures_are_those_of_recent_tasks_that_several_answered() -> None:
    queue = asked()
    both(queue, PAIRS)
    AnnotationFactory(task__queue=queue)  # alone
    old = TaskFactory(queue=queue, people=[1, 2], opened_at=timezone.now() - timedelta(days=40))
    AnnotationFactory.create_batch(2, task=old, state="submitted")
    (row,) = measure(queue=queue, at=timezone.now())
    # observed 4/6, by chance (3*2 + 2*3 + 1*0 + 0*1) / 36 = 1/3: kappa is 1/2
    assert (row.question, row.measure, row.tasks, row.answers) == ("digit", "cohen", 6, 12)
    assert round(row.value, 9) == 0.5
    assert measure(queue=queue, at=timezone.now())[0].pk == row.pk  # the same day, the same row
    assert measure(queue=queue, at=timezone.now() + timedelta(days=1))[0].pk != row.pk
    assert (more_to_tell(row, -1), more_to_tell(row, 0.5)) == (0, None)


def test_the_first_answer_of_each_person_counts() -> None:
    queue = asked()
    (ada, _), task = both(queue, [("3", "4")]), Task.objects.get()
    AnnotationFactory(task=task, author=ada, label="4", state="accepted")
    (shared,) = shared_tasks(queue, timezone.now())
    assert sorted(shared.of("digit").values()) == ["3", "4"]


def test_whoever_corrected_an_answer_is_not_another_person_who_was_asked() -> None:
    queue = asked()
    ada, bob = both(queue, [("3", "4")])
    task = Task.objects.get()
    Annotation.objects.filter(author=ada).update(state="in_review")
    Task.objects.update(state="in_review")
    reviewer = member(queue.organization, Role.REVIEWER, queue.project)
    lease = take_verdict(user=reviewer, queue=queue)
    assert lease is not None
    correct_answer(lease=lease, token=lease.token, answer={"digit": "9"}, by=reviewer)
    assert set(Annotation.objects.filter(task=task).values_list("author", flat=True)) == {
        ada.pk, bob.pk, reviewer.pk,
    }  # fmt: skip
    (shared,) = shared_tasks(queue, timezone.now())
    assert shared.answers == {ada.pk: {"digit": "3"}, bob.pk: {"digit": "4"}}


def test_the_clock_finds_them_once_an_hour() -> None:
    queue, quiet = asked(), QueueFactory()
    both(queue, PAIRS)
    now = timezone.now()
    tick(now)
    tick(now + timedelta(minutes=30))
    (job,) = Job.objects.filter(kind="agreement.measure")
    run(job.pk)
    assert [row.queue_id for row in queue.organization.agreements.all()] == [queue.pk]
    assert not quiet.organization.agreements.exists()


def test_what_is_confused_and_what_is_hardest() -> None:
    queue = asked()
    both(queue, PAIRS)
    tasks, questions = shared_tasks(queue, timezone.now()), queue.schema.questions
    assert confusion(questions[0], tasks) == {
        ("3", "3"): 2,
        ("8", "8"): 2,
        ("3", "8"): 1,
        ("1", "7"): 1,
    }
    assert [share for _row, share in hardest(questions, tasks)] == [0, 0]
