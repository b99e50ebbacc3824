"""Tasks whose answer is known: nobody can tell them, nothing comes of them but a score, and what follows from it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from labeling.answers.actions import submit
from labeling.answers.models import Annotation
from labeling.quality.gold import gold_from, make_gold, retire
from labeling.quality.models import GoldAnswer, Standing
from labeling.queues.models import Pause
from labeling.queues.people import end_pause
from labeling.tasks.claiming import claim, expire
from labeling.tasks.letting_go import skip
from labeling.tasks.models import Task
from labeling.tasks.routing import draw
from projects.conditions import Condition
from teams.access.problems import Invalid
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import AnnotationFactory, ExampleFactory, GoldFactory, QueueFactory, TaskFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> Any:
    """Every task is a known one, as long as there are any."""
    return QueueFactory(gold_percent=100)


@pytest.fixture
def ada(queue: Any) -> Any:
    return member(queue.organization, Role.LABELER, queue.project)


def golds(queue: Any, count: int) -> list[Any]:
    return [GoldFactory(task__queue=queue) for _ in range(count)]


def say(queue: Any, user: Any, *digits: str) -> list[Annotation]:
    given = []
    for digit in digits:
        lease = claim(user=user, queue=queue)
        assert lease is not None
        given.append(submit(lease=lease, token=lease.token, answer={"digit": digit}, by=user))
    return given


def test_everybody_gets_each_once_and_then_ordinary_work(queue: Any, ada: Any) -> None:
    known, ordinary = {row.task_id for row in golds(queue, 2)}, TaskFactory(queue=queue)
    bob = member(queue.organization, Role.LABELER, queue.project)
    assert {row.task_id for row in say(queue, bob, "3", "3")} == known
    assert {row.task_id for row in say(queue, ada, "3", "3")} == known
    (last,) = say(queue, ada, "3")
    assert (last.task_id, last.state) == (ordinary.pk, "accepted")


def test_a_queue_that_mixes_none_shows_none(ada: Any) -> None:
    quiet = QueueFactory(stream__project__organization=ada.memberships.get().organization)
    golds(quiet, 1)
    assert claim(user=ada, queue=quiet) is None


def test_it_is_never_of_an_example_that_the_person_has_met(queue: Any, ada: Any) -> None:
    own = AnnotationFactory(task__queue=queue, author=ada)
    gold_from(annotation=own, queue=queue, by=ada)
    assert claim(user=ada, queue=queue) is None
    bob = member(queue.organization, Role.LABELER, queue.project)
    lease = claim(user=bob, queue=queue)
    assert lease is not None
    assert lease.task.example_id == own.example_id


def test_what_is_said_of_it_counts_nowhere(queue: Any, ada: Any) -> None:
    (gold,) = golds(queue, 1)
    (given,) = say(queue, ada, "8")
    gold.task.refresh_from_db()
    gold.example.refresh_from_db()
    assert (given.state, given.round, gold.task.state) == ("gold", 0, "gold")
    assert (gold.example.label, gold.example.label_state) == (None, "none")
    stream = queue.stream
    for text in ("annotation_count > 0", "review_state = 'submitted'", "label is not null"):
        found = stream.examples.filter(Condition.from_text(text, stream).q(given.at))
        assert found.count() == 0, text


def test_letting_it_go_or_skipping_it_gives_nobody_a_place(queue: Any, ada: Any) -> None:
    golds(queue, 2)
    first = claim(user=ada, queue=queue)
    assert first is not None
    skip(lease=first, token=first.token, by=ada)
    second = claim(user=ada, queue=queue)
    assert second is not None
    expire(second.expires_at.replace(year=second.expires_at.year + 1))
    assert set(Task.objects.values_list("state", "open_slots")) == {("gold", 0)}
    assert claim(user=ada, queue=queue) is None


def test_drawing_does_not_count_them(queue: Any) -> None:
    golds(queue, 2)
    ExampleFactory.create_batch(3, stream=queue.stream, bucket=9999)
    assert draw(queue=queue, total=2, by=None) == 2


def test_scores_are_by_question_and_roll(queue: Any, ada: Any) -> None:
    queue.gold_window = 3
    queue.save()
    golds(queue, 5)
    say(queue, ada, "3", "8", "3", "3", "8")
    assert list(GoldAnswer.objects.order_by("pk").values_list("score", flat=True)) == [1, 0, 1, 1, 0]
    standing = Standing.objects.get()
    assert (standing.user_id, standing.measured, standing.warned_at) == (ada.pk, 3, None)
    assert (round(standing.score or 0, 3), {k: round(v, 3) for k, v in standing.scores.items()}) == (
        0.667,
        {"digit": 0.667},
    )


def test_whose_score_falls_is_warned_and_recovers(queue: Any, ada: Any) -> None:
    queue.gold_floor, queue.gold_window = 60, 3
    queue.save()
    golds(queue, 6)
    say(queue, ada, "8", "8")
    assert Standing.objects.get().warned_at is None  # two say little
    say(queue, ada, "8")
    assert Standing.objects.get().warned_at is not None
    say(queue, ada, "3", "3")
    assert Standing.objects.get().warned_at is None
    kinds = Event.objects.filter(kind__startswith="person.").order_by("pk").values_list("kind", "subject_id")
    assert list(kinds) == [("person.warned", queue.pk), ("person.recovered", queue.pk)]


def test_afterwards_the_person_is_told_what_was_wrong_and_why(page: Any, queue: Any, ada: Any) -> None:
    GoldFactory(task__queue=queue, note="The loop is closed below.")
    here = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    browser = page(ada)
    browser.post(here + "take/")
    lease = queue.organization.leases.get()
    shown = browser.get(here).content.decode()
    assert not re.search("gold|measure|known already", shown.lower())
    told = browser.post(
        here + "answer/", {"lease": lease.pk, "token": lease.token, "digit": "8"}, follow=True
    )
    text = told.content.decode()
    assert "“Which digit?”: you said 8, right is 3. The loop is closed below." in text


def test_who_was_right_is_told_nothing(page: Any, queue: Any, ada: Any) -> None:
    GoldFactory(task__queue=queue, note="The loop is closed below.")
    here = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    browser = page(ada)
    browser.post(here + "take/")
    lease = queue.organization.leases.get()
    told = browser.post(
        here + "answer/", {"lease": lease.pk, "token": lease.token, "digit": "3"}, follow=True
    )
    assert "known already" not in told.content.decode()


def test_it_is_made_once_and_of_an_answer_that_fits(queue: Any, ada: Any) -> None:
    example = ExampleFactory(stream=queue.stream)
    with pytest.raises(Invalid):
        make_gold(queue=queue, example=example, answer={"digit": "x"}, by=ada)
    make_gold(queue=queue, example=example, answer={"digit": "3"}, by=ada)
    with pytest.raises(Refused, match="known here already"):
        make_gold(queue=queue, example=example, answer={"digit": "3"}, by=ada)
    with pytest.raises(Refused, match="another stream"):
        make_gold(queue=queue, example=ExampleFactory(), answer={"digit": "3"}, by=ada)
    with pytest.raises(Refused, match="accepted answer"):
        gold_from(annotation=AnnotationFactory(task__queue=queue, state="submitted"), queue=queue, by=ada)


def test_out_of_use_it_is_shown_to_nobody_and_who_holds_it_may_finish(queue: Any, ada: Any) -> None:
    (gold,) = golds(queue, 1)
    lease = claim(user=ada, queue=queue)
    assert lease is not None
    retire(gold=gold, by=ada)
    retire(gold=gold, by=ada)
    assert claim(user=member(queue.organization, Role.LABELER, queue.project), queue=queue) is None
    given = submit(lease=lease, token=lease.token, answer={"digit": "8"}, by=ada)
    assert (given.state, GoldAnswer.objects.get().score) == ("gold", 0)
    assert Event.objects.filter(kind="gold.retired").count() == 1


def test_who_is_warned_and_does_not_recover_is_paused_until_a_manager_ends_it(
    page: Any, queue: Any, ada: Any
) -> None:
    queue.gold_floor, queue.gold_window = 60, 4
    queue.save()
    golds(queue, 9)
    TaskFactory(queue=queue)
    say(queue, ada, "8", "8", "8", "8", "8")
    assert not Pause.objects.exists()  # warned after three, two more since
    say(queue, ada, "8")
    paused = Pause.objects.get()
    assert (paused.user_id, paused.queue_id, paused.paused_by, paused.ended_at) == (
        ada.pk,
        queue.pk,
        None,
        None,
    )
    assert claim(user=ada, queue=queue) is None
    here = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    assert "Too few of your last answers" in page(ada).get(here).content.decode()
    end_pause(pause=paused, by=member(queue.organization, Role.MANAGER))
    say(queue, ada, "3")
    standing = Standing.objects.get()
    assert (standing.score, standing.measured, standing.warned_at) == (
        1,
        1,
        None,
    )  # what was before is forgiven
