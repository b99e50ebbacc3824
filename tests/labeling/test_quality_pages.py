"""A manager sees how far people agree and what is hard, finds whose score fell and why, and makes known answers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from labeling.quality.measuring import measure
from labeling.quality.models import Gold
from labeling.quality.overlap import shared_tasks
from labeling.quality.people import measured_answers, mistakes, people_of
from labeling.quality.standing import follow_score
from teams.identity.roles import Role
from teams.models import Event, Membership, Organization
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    GoldAnswerFactory,
    GoldFactory,
    OrganizationFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)

pytestmark = pytest.mark.django_db
HERE = "/o/acme/projects/digits/queues/q/"


@pytest.fixture
def queue() -> Any:
    organization = OrganizationFactory(slug="acme", figures_purpose="x", figures_visible_to="managers")
    project = ProjectFactory(organization=organization, slug="digits")
    return QueueFactory(
        stream=StreamFactory(project=project), slug="q", overlap=2, gold_floor=70, gold_window=4
    )


@pytest.fixture
def manager(queue: Any, page: Any) -> Any:
    return page(member(queue.organization, Role.MANAGER))


def disagreeing(queue: Any, ada: Any, bob: Any) -> None:
    """Bob takes threes for eights."""
    for one, other in [("3", "3"), ("8", "8"), ("3", "8"), ("3", "8"), ("1", "1")]:
        task = TaskFactory(queue=queue, state="complete", open_slots=0, people=[ada.pk, bob.pk])
        AnnotationFactory(task=task, author=ada, label=one, state="submitted", active_s=30)
        AnnotationFactory(task=task, author=bob, label=other, state="submitted", active_s=90)


def score(queue: Any, user: Any, *scores: float) -> None:
    """Answers to known ones, the newest last; whoever is wrong says 8 for 3."""
    for days, share in zip(range(len(scores), 0, -1), scores, strict=True):
        at = timezone.now() - timedelta(days=days)
        gold = GoldFactory(task__queue=queue)
        row = GoldAnswerFactory(gold=gold, user=user, score=share, at=at)
        row.annotation.answer = {"digit": "3" if share else "8"}
        row.annotation.save()
    follow_score(queue=queue, user=user)


def test_a_manager_finds_whose_score_fell_and_why(queue: Any, manager: Any) -> None:
    ada, bob = (member(queue.organization, Role.LABELER, queue.project) for _ in range(2))
    disagreeing(queue, ada, bob)
    score(queue, ada, 1, 1, 1)
    score(queue, bob, 1, 1, 1, 0, 0, 0)
    rows = people_of(queue, shared_tasks(queue, timezone.now()), timezone.now())
    assert [(row.member.user_id, row.score, row.agreement, row.effort.minutes) for row in rows] == [
        (bob.pk, 25, 0.6, 7.5),
        (ada.pk, 100, 0.6, 2.5),
    ]
    shown = manager.get(HERE + "quality/").content.decode()
    links = re.findall(r'data-row><th scope="row"><a href="(/o/acme/figures/\d+/)">', shown)
    assert links == [f"/o/acme/figures/{Membership.objects.get(user=one).pk}/" for one in (bob, ada)]
    assert shown.count("warned") == 1
    (mistake,) = mistakes(measured_answers(queue.organization, bob, timezone.now()))
    assert (mistake.known, mistake.given, mistake.count) == ("3", "8", 3)
    assert (timezone.now() - mistake.since).days == 3
    why = manager.get(links[0]).content.decode()
    assert "Taken for something else" in why
    assert "Score on known answers" in why
    assert Event.objects.filter(kind="figures.viewed").count() == 2


def test_the_queues_page_says_how_far_people_agree_and_what_they_confuse(queue: Any, manager: Any) -> None:
    ada, bob = (member(queue.organization, Role.LABELER, queue.project) for _ in range(2))
    disagreeing(queue, ada, bob)
    for days in (1, 0):
        measure(queue=queue, at=timezone.now() - timedelta(days=days))
    response = manager.get(HERE + "quality/")
    (question,) = response.context["questions"]
    assert (question["measure"], question["apart"]) == ("Cohen’s kappa", [("3", "8", 2, 40)])
    assert question["chart"].x == [timezone.localdate() - timedelta(days=1), timezone.localdate()]
    assert [(row["share"], row["said"]) for row in response.context["hardest"]] == [(0, ["3, 8"])] * 2
    assert response.context["total"].answers == 10
    assert "Cohen’s kappa" in manager.get("/o/acme/projects/digits/quality/").content.decode()
    lines = manager.get(HERE + "quality/agreement.csv").content.decode().splitlines()
    assert (len(lines), lines[0]) == (3, "day,question,measure,value,low,high,tasks,answers")


def test_where_figures_are_for_the_person_alone_no_people_are_shown(queue: Any, manager: Any) -> None:
    Organization.objects.update(figures_visible_to="person")
    ada = member(queue.organization, Role.LABELER, queue.project)
    score(queue, ada, 1, 0)
    shown = manager.get(HERE + "quality/")
    assert (shown.context["people"], ada.name in shown.content.decode()) == ([], False)
    assert manager.get(HERE + "quality/people.csv").status_code == 404
    assert not Event.objects.filter(kind="figures.viewed").exists()


def test_people_as_a_table(queue: Any, manager: Any) -> None:
    ada = member(queue.organization, Role.LABELER, queue.project)
    ada.name = "=Ada"
    ada.save()
    score(queue, ada, 1, 0)
    head, line = manager.get(HERE + "quality/people.csv").content.decode().splitlines()
    row = dict(zip(head.split(","), line.split(","), strict=True))
    assert (row["person"], row["score"], row["known"]) == ("'=Ada", "50.0", "2")


def test_a_person_sees_their_own_score_and_what_was_wrong(queue: Any, page: Any) -> None:
    ada = member(queue.organization, Role.LABELER, queue.project)
    score(queue, ada, 1, 0)
    own = page(ada).get("/o/acme/figures/own/").content.decode()
    assert "you said 8, right is 3" in own
    assert page(ada).get(HERE + "quality/").status_code == 403


@pytest.mark.parametrize(
    "form, status, known",
    [
        ({"key": "k1", "answer_digit": "7", "note": "why"}, 303, {"digit": "7"}),
        ({"key": "k2"}, 303, {"digit": "3"}),  # as accepted
        ({"key": "k1"}, 422, None),  # nothing was accepted
        ({"key": "k9", "answer_digit": "7"}, 422, None),
        ({"key": "k1", "answer_digit": "x"}, 422, None),
    ],
)
def test_known_answers_are_made_by_hand_or_as_accepted(
    queue: Any, manager: Any, form: dict[str, str], status: int, known: Any
) -> None:
    ExampleFactory(stream=queue.stream, key="k1")
    AnnotationFactory(task__queue=queue, example__key="k2", task__example__key="k2")
    assert manager.post(HERE + "gold/", form).status_code == status
    assert [row.answer for row in Gold.objects.all()] == ([known] if known else [])


def test_the_same_example_twice_is_refused_in_words(queue: Any, manager: Any) -> None:
    ExampleFactory(stream=queue.stream, key="k1")
    form = {"key": "k1", "answer_digit": "7"}
    manager.post(HERE + "gold/", form)
    again = manager.post(HERE + "gold/", form)
    assert (again.status_code, "known here already" in again.content.decode()) == (422, True)


def test_known_answers_by_lot_and_out_of_use(queue: Any, manager: Any) -> None:
    AnnotationFactory.create_batch(3, task__queue=queue)
    manager.post(HERE + "gold/draw/", {"count": 2})
    assert Gold.objects.count() == 2
    manager.post(HERE + "gold/draw/", {"count": 5})
    assert Gold.objects.count() == 3
    manager.post(HERE + f"gold/{Gold.objects.first().pk}/retire/")
    shown = manager.get(HERE + "gold/")
    assert (shown.context["in_use"], len(shown.context["rows"])) == (2, 3)


@pytest.mark.parametrize("people", [1, 3])
def test_the_queues_page_asks_the_same_of_the_database_for_one_and_for_three(
    queue: Any, manager: Any, people: int, django_assert_num_queries: Any
) -> None:
    for _ in range(people):
        ada, bob = (member(queue.organization, Role.LABELER, queue.project) for _ in range(2))
        disagreeing(queue, ada, bob)
        score(queue, ada, 1)
    measure(queue=queue, at=timezone.now())
    manager.get(HERE + "quality/")  # what a process remembers
    with django_assert_num_queries(19):
        manager.get(HERE + "quality/")
