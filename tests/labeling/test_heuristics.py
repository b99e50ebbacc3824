"""Checks of answers: what is odd is refused or explained, by version, and how often is counted."""

from __future__ import annotations

from typing import Any

import pytest

from labeling.answers.actions import submit
from labeling.quality.declaring import declare, with_hits
from labeling.quality.heuristics import CHECKS, Given
from labeling.quality.models import Heuristic, HeuristicHit
from labeling.tasks.claiming import claim
from labeling.tasks.models import Task
from teams.access.problems import Invalid
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import GoldFactory, TaskFactory, member

BOX = {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2, "label": "gap"}
TRIANGLE = {"points": [[0, 0], [0.1, 0], [0, 0.1]], "label": "gap"}


@pytest.mark.parametrize(
    "name, answer, limits, odd",
    [
        ("too_fast", {}, {"seconds": 2.0}, True),
        ("too_fast", {}, {"seconds": 1.0}, False),
        ("too_short", {"q": " ab "}, {"characters": 3}, True),
        ("too_short", {"q": "abc"}, {"characters": 3}, False),
        ("too_short", {}, {"characters": 3}, False),
        ("no_marks", {"q": []}, {}, True),
        ("no_marks", {"q": [BOX]}, {}, False),
        ("no_marks", {}, {}, False),
        ("too_small", {"q": [BOX]}, {"percent": 4.1}, True),
        ("too_small", {"q": [BOX]}, {"percent": 3.9}, False),
        ("too_small", {"q": [TRIANGLE]}, {"percent": 0.51}, True),
        ("too_small", {"q": [TRIANGLE]}, {"percent": 0.49}, False),
        ("at_the_edge", {"q": [BOX]}, {"percent": 11.0}, True),
        ("at_the_edge", {"q": [BOX]}, {"percent": 9.0}, False),
        ("at_the_edge", {"q": [BOX | {"x": 0.78}]}, {"percent": 3.0}, True),
        ("excluding", {"q": "a", "r": ["b"]}, {"value": "a", "other": "r", "other_value": "b"}, True),
        ("excluding", {"q": [BOX], "r": True}, {"value": "gap", "other": "r", "other_value": "true"}, True),
        ("excluding", {"q": "a"}, {"value": "a", "other": "r", "other_value": "b"}, False),
    ],
)
def test_what_is_odd(name: str, answer: dict[str, Any], limits: dict[str, Any], odd: bool) -> None:
    assert CHECKS[name].is_odd(Given(answer, 1.5, "q"), limits) is odd
    assert not CHECKS["too_fast"].is_odd(Given(answer, None, "q"), {"seconds": 2.0})


def fast(project: Any, effect: str = "reason", seconds: float = 2.0) -> Heuristic:
    return declare(
        project=project,
        name="fast",
        looks_for="too_fast",
        question="",
        limits={"seconds": seconds},
        effect=effect,
        by=None,
    )


def held(task: Any) -> Any:
    return claim(user=member(task.organization, Role.LABELER, task.queue.project), queue=task.queue)


def say(lease: Any, seconds: float, reason: str = "") -> Any:
    return submit(
        lease=lease, token=lease.token, answer={"digit": "3"}, active_s=seconds, reason=reason, by=lease.user
    )


@pytest.mark.django_db
def test_a_reason_is_wanted_and_kept_with_the_answer() -> None:
    task = TaskFactory()
    check, lease = fast(task.queue.project), held(task)
    with pytest.raises(Invalid) as wrong:
        say(lease, 1)
    assert [(row["pointer"], row["code"]) for row in wrong.value.errors] == [("/reason", "reason_wanted")]
    assert Task.objects.get().annotations.count() == 0
    given = say(lease, 1, " It was easy. ")
    assert list(HeuristicHit.objects.order_by("pk").values_list("annotation", "reason", "heuristic")) == [
        (None, "", check.pk),
        (given.pk, "It was easy.", check.pk),
    ]
    (row,) = with_hits(task.queue.project)
    assert (row.refused, row.explained, row.answers) == (1, 1, 1)


@pytest.mark.django_db
def test_what_is_refused_is_refused_with_a_reason_too() -> None:
    task = TaskFactory()
    fast(task.queue.project, "block")
    lease = held(task)
    with pytest.raises(Invalid) as wrong:
        say(lease, 1, "easy")
    assert [row["code"] for row in wrong.value.errors] == ["met_check"]
    assert say(lease, 3).state == "accepted"
    assert HeuristicHit.objects.count() == 1


@pytest.mark.django_db
def test_asks_are_let_through_and_known_tasks_cannot_be_told_by_it() -> None:
    asked, known = TaskFactory(selected_by="ask"), GoldFactory(task__queue__gold_percent=100).task
    for task in (asked, known):
        fast(task.queue.project, "block")
    say(held(asked), 1)
    with pytest.raises(Invalid):
        say(held(known), 1)
    assert [row.task_id for row in HeuristicHit.objects.all()] == [known.pk]


@pytest.mark.django_db
def test_the_same_name_is_the_next_version_and_takes_over() -> None:
    task = TaskFactory()
    project, first = task.queue.project, fast(task.queue.project, "block")
    second = fast(project, seconds=0.5)
    first.refresh_from_db()
    assert (second.version, first.ended_at is not None, second.ended_at) == (2, True, None)
    assert say(held(task), 1).state == "accepted"
    assert list(Event.objects.filter(kind="check.declared").values_list("data__version", flat=True)) == [1, 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"looks_for": "nothing"},
        {"limits": {}},
        {"limits": {"seconds": "2"}},
        {"looks_for": "too_short", "question": "digit", "limits": {"characters": 2}},
        {"looks_for": "no_marks", "question": "none", "limits": {}},
    ],
)
def test_a_check_that_fits_nothing_is_not_declared(wrong: dict[str, Any]) -> None:
    project = TaskFactory().queue.project
    given = {
        "name": "x",
        "looks_for": "too_fast",
        "question": "",
        "limits": {"seconds": 2.0},
        "effect": "block",
    }
    with pytest.raises(Refused):
        declare(project=project, by=None, **given | wrong)


@pytest.mark.django_db
def test_on_the_pages_it_is_declared_met_explained_counted_and_ended(page: Any) -> None:
    task = TaskFactory()
    queue, project = task.queue, task.queue.project
    manager = page(member(queue.organization, Role.MANAGER))
    here = f"/o/{queue.organization.slug}/projects/{project.slug}/checks/"
    form = {"name": "fast", "looks_for": "too_fast", "seconds": "2", "effect": "reason"}
    assert manager.post(here, form | {"seconds": ""}).status_code == 422
    assert manager.post(here, form).status_code == 303
    lease = held(task)
    work, browser = f"/o/{queue.organization.slug}/label/{project.slug}/{queue.slug}/", page(lease.user)
    answer = {"lease": lease.pk, "token": lease.token, "digit": "3", "active_s": "1"}
    asked = browser.post(work + "answer/", answer)
    assert asked.status_code == 422
    assert 'name="reason"' in asked.content.decode()
    assert "If it is right, say why." in asked.content.decode()
    assert browser.post(work + "answer/", answer | {"reason": "easy"}).status_code == 303
    (row, _title, rate) = manager.get(here).context["rows"][0]
    assert (row.refused, row.explained, rate) == (1, 1, 100)
    manager.post(f"{here}{row.pk}/end/")
    assert Heuristic.objects.get().ended_at is not None
