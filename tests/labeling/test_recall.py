"""A manager takes answers out of what counts, sees what that does, and can take it back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from labeling.answers.actions import submit
from labeling.answers.undoing import undo as take_back
from labeling.models import Annotation, Gold, Lease, Recall, RecalledAnswer, Task
from labeling.quality.gold import gold_from
from labeling.recall import running
from labeling.recall.actions import recall, resume, undo
from labeling.recall.choosing import Choice, chosen, foresee
from labeling.reviews.actions import return_answer
from labeling.reviews.claiming import claim as review_claim
from labeling.reviews.deciding import contest, settle_contest
from labeling.reviews.reasons import reasons_of
from labeling.tasks.claiming import claim
from projects.conditions import Condition
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event, Job
from teams.work import jobs
from tests.factories import ExampleFactory, QueueFactory, TaskFactory, member
from tests.labeling.test_at_once import at_once


@pytest.fixture
def queue() -> Any:
    return QueueFactory()


def labeler(queue: Any) -> Any:
    return member(queue.organization, Role.LABELER, queue.project)


def say(queue: Any, user: Any, *digits: str) -> list[Annotation]:
    """What a person says to their next tasks."""
    given = []
    for digit in digits:
        lease = claim(user=user, queue=queue)
        assert lease is not None
        given.append(submit(lease=lease, token=lease.token, answer={"digit": digit}, by=user))
    return given


def tasks(queue: Any, count: int) -> list[Task]:
    return [TaskFactory(queue=queue) for _ in range(count)]


def work() -> None:
    call_command("work", "--all", "--once")


def recalled(queue: Any, person: Any = None, **more: Any) -> Recall:
    made = recall(choice=Choice(queue.project, person, **more), reason="a bad week", by=None)
    work()
    made.refresh_from_db()
    return made


def taken_back(row: Recall) -> Recall:
    undo(recall=row, by=None)
    work()
    row.refresh_from_db()
    return row


def labels(queue: Any) -> list[Any]:
    rows = queue.stream.examples.order_by("pk")
    return list(rows.values_list("label", "label_state"))


def states(queue: Any) -> list[tuple[str, str, int, int]]:
    rows = queue.organization.tasks.filter(queue=queue).order_by("pk")
    return list(rows.values_list("state", "selected_by", "round", "open_slots"))


@pytest.mark.django_db
def test_the_answers_of_one_person_count_nowhere_and_others_get_their_tasks(queue: Any) -> None:
    tasks(queue, 3)
    ada, bob = labeler(queue), labeler(queue)
    say(queue, ada, "3", "4")
    say(queue, bob, "5")
    row = recalled(queue, ada)
    assert (row.state, row.answers, row.reopened, row.resettled) == ("done", 2, 2, 0)
    assert labels(queue) == [(None, "none"), (None, "none"), ("5", "accepted")]
    text = Condition.from_text("annotation_count > 0", queue.stream)
    assert queue.stream.examples.filter(text.q(timezone.now())).count() == 1
    assert claim(user=ada, queue=queue) is None
    again = say(queue, bob, "7", "8")
    assert [(one.round, one.state) for one in again] == [(2, "accepted"), (2, "accepted")]
    assert labels(queue) == [("7", "accepted"), ("8", "accepted"), ("5", "accepted")]


@pytest.mark.django_db
def test_taking_it_back_puts_everything_as_it_was(queue: Any) -> None:
    tasks(queue, 2)
    ada = labeler(queue)
    first, _second = say(queue, ada, "3", "4")
    gold = gold_from(annotation=first, queue=queue, by=ada)
    before = (labels(queue), sorted(Annotation.objects.values_list("pk", "state", "accepted_at")))
    row = recalled(queue, ada)
    assert (row.golds, Gold.objects.get().retired_at is None) == (1, False)
    taken_back(row)
    gold.task.refresh_from_db()
    assert (row.state, row.restored, row.golds, gold.task.state) == ("undone", 2, 1, "gold")
    assert Gold.objects.get().retired_at is None
    assert (labels(queue), sorted(Annotation.objects.values_list("pk", "state", "accepted_at"))) == before
    assert claim(user=labeler(queue), queue=queue) is None, "the rounds that were opened are withdrawn"


@pytest.mark.django_db
def test_taking_it_back_leaves_what_somebody_has_said_or_holds_since(queue: Any) -> None:
    tasks(queue, 3)
    ada, bob, eve = labeler(queue), labeler(queue), labeler(queue)
    say(queue, ada, "3", "4", "5")
    row = recalled(queue, ada)
    say(queue, bob, "9")
    held = claim(user=eve, queue=queue)
    assert held is not None
    taken_back(row)
    assert (row.restored, row.answers) == (1, 3)
    assert labels(queue) == [("9", "accepted"), (None, "none"), ("5", "accepted")]
    assert sorted(RecalledAnswer.objects.values_list("is_back", flat=True)) == [False, False, True]
    submit(lease=held, token=held.token, answer={"digit": "2"}, by=eve)
    assert labels(queue)[1] == ("2", "accepted")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "left", "places", "resettled"),
    [
        (("3", "3", "8"), "3", 0, 0),  # two of three agree without him: it stands
        (("8", "3", "3"), None, 1, 0),  # whoever decided is gone: somebody else is asked
    ],
)
def test_what_is_left_of_several_decides_where_it_is_enough(
    said: tuple[str, ...], left: str | None, places: int, resettled: int
) -> None:
    queue = QueueFactory(overlap=3)
    tasks(queue, 1)
    people = [labeler(queue) for _ in said]
    for user, digit in zip(people, said, strict=True):
        say(queue, user, digit)
    assert labels(queue) == [("3", "accepted")]
    row = recalled(queue, people[-1])
    task = Task.objects.get()
    assert (labels(queue)[0][0], task.open_slots, row.resettled) == (left, places, resettled)
    assert claim(user=people[-1], queue=queue) is None
    taken_back(row)
    task.refresh_from_db()
    assert (labels(queue), task.state, task.open_slots) == ([("3", "accepted")], "accepted", 0)


@pytest.mark.django_db
def test_a_consensus_that_rested_on_a_recalled_answer_is_put_together_anew() -> None:
    queue = QueueFactory(overlap=3, schema__questions=QUESTIONS)
    tasks(queue, 1)
    ada, bob, eve = (labeler(queue) for _ in range(3))
    for user, note in ((ada, "by ada"), (bob, "by bob"), (eve, "by eve")):
        lease = claim(user=user, queue=queue)
        assert lease is not None
        submit(lease=lease, token=lease.token, answer={"digit": "3", "note": note}, by=user)
    row = recalled(queue, ada)
    joined = Annotation.objects.filter(source="consolidated").order_by("pk")
    assert [(one.answer["note"], one.state) for one in joined] == [
        ("by ada", "recalled"),
        ("by bob", "accepted"),
    ]
    assert (row.answers, row.resettled, row.reopened) == (1, 1, 0)
    taken_back(row)
    assert [one.state for one in joined.all()] == ["accepted", "superseded"]


QUESTIONS = [
    {
        "name": "digit",
        "kind": "choice",
        "title": "Digit",
        "options": [{"value": str(n)} for n in range(10)],
        "required": True,
    },
    {"name": "note", "kind": "text", "title": "Note"},
]


@pytest.mark.django_db
def test_a_task_that_others_still_work_on_asks_one_more() -> None:
    queue = QueueFactory(overlap=2)
    tasks(queue, 1)
    ada, bob, eve = (labeler(queue) for _ in range(3))
    say(queue, ada, "3")
    row = recalled(queue, ada)
    assert states(queue) == [("open", "rule", 1, 2)]
    assert claim(user=ada, queue=queue) is None
    say(queue, bob, "3")
    taken_back(row)
    assert (states(queue)[0][3], row.restored) == (0, 1)
    assert claim(user=eve, queue=queue) is None


@pytest.mark.django_db
def test_it_narrows_by_time_version_and_answer(queue: Any) -> None:
    tasks(queue, 4)
    ada = labeler(queue)
    rows = say(queue, ada, "3", "4", "4", "5")
    now = timezone.now()
    for row, days in zip(rows, (9, 6, 3, 0), strict=True):
        Annotation.objects.filter(pk=row.pk).update(at=now - timedelta(days=days))
    other = QueueFactory()
    tasks(other, 1)
    say(other, member(other.organization, Role.LABELER, other.project), "4")
    project = queue.project

    def count(**more: Any) -> int:
        return chosen(Choice(project, **more)).count()

    week = {"since": now - timedelta(days=7), "until": now - timedelta(days=1)}
    assert count(**week) == 2
    assert count(question="digit") == 4
    assert count(question="digit", value="4") == 2
    assert count(question="digit", value="4", since=now - timedelta(days=4)) == 1
    assert (count(schema=queue.schema), count(schema=other.schema)) == (4, 0)
    assert count(person=labeler(queue)) == 0
    seen = foresee(Choice(project, ada, **week))
    assert (seen.answers, seen.tasks, seen.examples, seen.labels, seen.consensus) == (2, 2, 2, 2, 0)


@pytest.mark.django_db
def test_everything_nothing_and_two_at_a_time_are_refused(queue: Any) -> None:
    tasks(queue, 1)
    ada = labeler(queue)
    with pytest.raises(Refused, match="every answer"):
        recall(choice=Choice(queue.project, queue=queue), reason="all", by=None)
    with pytest.raises(Refused, match="No answer"):
        recall(choice=Choice(queue.project, ada), reason="none", by=None)
    say(queue, ada, "3")
    first = recall(choice=Choice(queue.project, ada), reason="one", by=None)
    for wrong in (
        lambda: recall(choice=Choice(queue.project, ada), reason="two", by=None),
        lambda: undo(recall=first, by=None),
    ):
        with pytest.raises(Refused, match="under way"):
            wrong()


@pytest.mark.django_db
def test_an_answer_to_an_ask_counts_no_more_and_nobody_is_asked_again(queue: Any) -> None:
    TaskFactory(queue=queue, selected_by="ask")
    ada = labeler(queue)
    say(queue, ada, "3")
    row = recalled(queue, ada)
    assert (labels(queue), states(queue)) == ([(None, "none")], [("archived", "ask", 1, 0)])
    taken_back(row)
    assert (labels(queue), states(queue)) == ([("3", "accepted")], [("accepted", "ask", 1, 0)])


@pytest.mark.django_db
def test_an_older_answer_that_counts_is_the_label_again(queue: Any) -> None:
    example = ExampleFactory(stream=queue.stream)
    second = QueueFactory(stream=queue.stream, schema=queue.schema)
    TaskFactory(queue=queue, example=example)
    TaskFactory(queue=second, example=example)
    ada, bob = labeler(queue), labeler(queue)
    say(queue, bob, "1")
    say(second, ada, "2")
    assert labels(queue) == [("2", "accepted")]
    recalled(queue, ada)
    assert labels(queue) == [("1", "accepted")]


@pytest.mark.django_db
def test_a_recalled_answer_cannot_be_undone_by_its_author(queue: Any) -> None:
    tasks(queue, 1)
    ada = labeler(queue)
    say(queue, ada, "3")
    recalled(queue, ada)
    with pytest.raises(Refused):
        take_back(user=ada, queue=queue)


@pytest.mark.django_db
def test_a_job_that_dies_in_the_middle_goes_on_where_it_was(queue: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(running, "STEP", 2)
    tasks(queue, 7)
    ada = labeler(queue)
    say(queue, ada, *"3456789")
    row = recall(choice=Choice(queue.project, ada), reason="a bad week", by=None)
    job, real, calls = Job.objects.get(kind="recall.run"), running.say_labels, []

    def dies(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError
        real(*args)

    monkeypatch.setattr(running, "say_labels", dies)
    jobs.run(job.pk)
    row.refresh_from_db()
    assert (row.state, row.answers, Annotation.objects.filter(state="recalled").count()) == ("going", 4, 4)
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
    jobs.run(job.pk)
    row.refresh_from_db()
    assert (row.state, row.answers, row.reopened) == ("done", 7, 7)
    assert [state for _label, state in labels(queue)] == ["none"] * 7
    assert Event.objects.filter(kind="answers.recalled").count() == 1


@pytest.mark.django_db
def test_a_recall_that_was_given_up_says_so_and_can_go_on_or_be_taken_back(queue: Any) -> None:
    tasks(queue, 2)
    ada = labeler(queue)
    say(queue, ada, "3", "4")
    row = recall(choice=Choice(queue.project, ada), reason="a bad week", by=None)
    running.gave_up(queue.organization, row.pk)
    row.refresh_from_db()
    assert row.state == "stuck"
    resume(recall=row, by=None)
    work()
    row.refresh_from_db()
    assert (row.state, row.answers) == ("done", 2)


@pytest.mark.django_db(transaction=True)
def test_two_recalls_at_once_are_one(queue: Any) -> None:
    tasks(queue, 2)
    ada = labeler(queue)
    say(queue, ada, "3", "4")
    choice = Choice(queue.project, ada)
    found = at_once(*[lambda: recall(choice=choice, reason="a bad week", by=None)] * 3)
    assert sorted(row.code for row in found if isinstance(row, Refused)) == ["recall_going", "recall_going"]
    assert Recall.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_people_submit_while_their_answers_are_recalled_and_nothing_is_half_done(
    turn: int, monkeypatch: Any
) -> None:
    queue = QueueFactory()
    monkeypatch.setattr(running, "STEP", 3)
    tasks(queue, 30)
    ada, bob = labeler(queue), labeler(queue)
    say(queue, ada, *"3" * 10)
    going = threading.Event()

    def answers(user: Any) -> int:
        going.wait(5)
        n = 0
        while n < 10 and (lease := claim(user=user, queue=queue)) is not None:
            submit(lease=lease, token=lease.token, answer={"digit": "8"}, by=user)
            n += 1
        return n

    def manager() -> None:
        going.set()
        recall(choice=Choice(queue.project, ada), reason="a bad week", by=None)
        jobs.run(Job.objects.get(kind="recall.run").pk)

    at_once(lambda: answers(ada), lambda: answers(bob), manager)
    row = Recall.objects.get()
    assert row.state == "done"
    of_ada = Annotation.objects.filter(author=ada)
    assert set(of_ada.filter(at__lte=row.until).values_list("state", flat=True)) == {"recalled"}
    assert set(of_ada.filter(at__gt=row.until).values_list("state", flat=True)) <= {"accepted"}
    counted = dict(Annotation.objects.filter(state="accepted").values_list("example", "label"))
    assert dict(queue.stream.examples.filter(label_state="accepted").values_list("pk", "label")) == counted
    assert Task.objects.filter(state="accepted").count() == len(counted)
    assert Lease.objects.filter(state="held").count() == 0
    assert connection.in_atomic_block is False


def in_review() -> tuple[Any, Any, Any]:
    """A queue, whoever has answered a task in it, and the reviewer who has returned the answer."""
    queue = QueueFactory(review_percent=100)
    tasks(queue, 1)
    ada, reviewer = labeler(queue), member(queue.organization, Role.REVIEWER, queue.project)
    say(queue, ada, "3")
    lease = review_claim(queue=queue, user=reviewer)
    assert lease is not None
    return_answer(lease=lease, token=lease.token, reason=reasons_of(queue)[0], by=reviewer)
    return queue, ada, reviewer


@pytest.mark.django_db
def test_an_answer_that_went_back_to_its_author_goes_to_somebody_else_and_back_again() -> None:
    queue, ada, _reviewer = in_review()
    row = recalled(queue, ada)
    assert (claim(user=ada, queue=queue), states(queue)) == (None, [("open", "rule", 1, 1)])
    taken_back(row)
    assert states(queue) == [("open", "rule", 1, 0)]
    back = claim(user=ada, queue=queue)
    assert back is not None
    assert claim(user=labeler(queue), queue=queue) is None
    assert Annotation.objects.get().state == "returned"


@pytest.mark.django_db
def test_a_contest_about_a_recalled_answer_has_nothing_to_decide() -> None:
    queue, ada, _reviewer = in_review()
    back = claim(user=ada, queue=queue)
    assert back is not None
    review = contest(lease=back, token=back.token, objection="it is a 3", by=ada)
    recalled(queue, ada)
    with pytest.raises(Refused, match="recalled meanwhile"):
        settle_contest(review=review, is_right=True, by=member(queue.organization, Role.MANAGER))
    assert labels(queue) == [(None, "none")]
