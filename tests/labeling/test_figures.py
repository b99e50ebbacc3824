"""Figures about a person: a purpose, who sees them, and an end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from labeling.answers.models import Annotation
from labeling.quality.figures import Figures, by_day, in_all, of_everybody
from teams.identity.roles import Role
from teams.models import Event, Membership, Organization
from teams.work.clock import tick
from tests.factories import (
    AnnotationFactory,
    GoldAnswerFactory,
    GoldFactory,
    OrganizationFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    member,
)

pytestmark = pytest.mark.django_db
OPEN = {
    "name": "Acme",
    "figures_purpose": "to plan shifts",
    "figures_visible_to": "managers",
    "figures_kept_days": "30",
}


@pytest.fixture
def organization() -> Organization:
    organization: Organization = OrganizationFactory(slug="acme", name="Acme")
    return organization


@pytest.fixture
def queue(organization: Organization) -> Any:
    return QueueFactory(stream=StreamFactory(project=ProjectFactory(organization=organization)))


@pytest.fixture
def ada(organization: Organization, queue: Any) -> Any:
    return member(organization, Role.LABELER, queue.project)


def answer(queue: Any, author: Any, days_ago: float = 0, **fields: Any) -> Annotation:
    """An answer some days ago; the middle of a day, so that days do not depend on the hour of the test."""
    noon = timezone.now().replace(hour=12, minute=0) - timedelta(days=1 + days_ago)
    made: Annotation = AnnotationFactory(task__queue=queue, author=author, at=noon, **fields)
    return made


def place(user: Any) -> int:
    return Membership.objects.get(user=user).pk


def test_they_count_answers_what_came_back_and_the_median_time(
    organization: Organization, queue: Any, ada: Any
) -> None:
    bob = member(organization, Role.LABELER, queue.project)
    for seconds in (2.0, 4.0, 60.0):
        answer(queue, ada, active_s=seconds)
    answer(queue, ada, 1, state="returned")
    answer(queue, ada, 1, state="submitted", source="import")
    answer(queue, bob, active_s=9)
    now = timezone.now()
    assert list(by_day(organization, ada, now).values()) == [Figures(3, 0, 4.0), Figures(1, 1, None)]
    assert in_all(organization, ada, now) == Figures(4, 1, 4.0)
    assert of_everybody(organization, now) == {ada.pk: Figures(4, 1, 4.0), bob.pk: Figures(1, 0, 9.0)}


def test_they_are_the_persons_alone_until_an_owner_says_what_for(
    page: Any, organization: Organization, queue: Any, ada: Any
) -> None:
    answer(queue, ada)
    manager, owner = member(organization, Role.MANAGER), member(organization, Role.OWNER)
    own = page(ada).get("/o/acme/figures/own/").content.decode()
    assert "nobody but you sees them" in own
    assert page(manager).get(f"/o/acme/figures/{place(ada)}/").status_code == 404
    assert "for the person alone" in page(manager).get("/o/acme/figures/").content.decode()
    refused = page(owner).post("/o/acme/settings/", OPEN | {"figures_purpose": ""})
    assert (refused.status_code, "Say first why" in refused.content.decode()) == (422, True)
    assert page(owner).post("/o/acme/settings/", OPEN).status_code == 302
    assert page(manager).get(f"/o/acme/figures/{place(ada)}/").status_code == 200
    assert "data-row" in page(manager).get("/o/acme/figures/").content.decode()
    assert "Kept for this: to plan shifts" in page(ada).get("/o/acme/figures/own/").content.decode()
    looks = Event.objects.filter(kind="figures.viewed").order_by("pk")
    assert [(event.by_id, event.subject_type, event.subject_id) for event in looks] == [
        (manager.pk, "teams.membership", place(ada)),
        (manager.pk, "teams.organization", organization.pk),
    ]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LABELER, Role.VIEWER])
def test_colleagues_see_none(page: Any, organization: Organization, ada: Any, role: str) -> None:
    Organization.objects.update(figures_purpose="x", figures_visible_to="managers")
    browser = page(member(organization, role))
    pages = (f"/o/acme/figures/{place(ada)}/", "/o/acme/figures/")
    assert [browser.get(path).status_code for path in pages] == [403, 403]


def test_after_the_time_they_are_kept_times_are_erased_and_nothing_counts(
    organization: Organization, queue: Any, ada: Any
) -> None:
    Organization.objects.update(figures_kept_days=30)
    organization.refresh_from_db()
    old, new = answer(queue, ada, 30, active_s=5), answer(queue, ada, 20, active_s=7)
    others = AnnotationFactory(at=timezone.now() - timedelta(days=60), active_s=3)  # theirs are kept for 90
    tick(timezone.now())
    tick(timezone.now())
    kept = Annotation.objects.in_bulk([old.pk, new.pk, others.pk])
    assert [kept[row.pk].active_s for row in (old, new, others)] == [None, 7, 3]
    assert in_all(organization, ada, timezone.now()) == Figures(1, 0, 7.0)
    assert kept[old.pk].answer == old.answer


def test_scores_on_known_answers_go_after_the_same_time(
    organization: Organization, queue: Any, ada: Any
) -> None:
    old, new = (
        GoldAnswerFactory(
            gold=GoldFactory(task__queue=queue), user=ada, at=timezone.now() - timedelta(days=days)
        )
        for days in (91, 89)
    )
    tick(timezone.now())
    assert list(organization.gold_answers.values_list("pk", flat=True)) == [new.pk]
    assert Annotation.objects.filter(pk=old.annotation_id).exists()


def test_each_organization_gets_its_turn_and_then_rests(
    organization: Organization, queue: Any, ada: Any
) -> None:
    OrganizationFactory()
    old = answer(queue, ada, 100, active_s=5)
    now = timezone.now()
    for _ in range(3):
        tick(now)
    old.refresh_from_db()
    assert old.active_s is None
    assert not Organization.objects.filter(figures_due_at__lte=now).exists()


@pytest.mark.parametrize(
    "wrong", [{"figures_kept_days": "0"}, {"figures_kept_days": "367"}, {"figures_kept_days": ""}]
)
def test_a_time_that_is_none_is_refused(page: Any, organization: Organization, wrong: dict[str, str]) -> None:
    answer = page(member(organization, Role.OWNER)).post("/o/acme/settings/", OPEN | wrong)
    assert (answer.status_code, Organization.objects.get().figures_kept_days) == (422, 90)


@pytest.mark.parametrize("people", [1, 3])
def test_the_list_asks_the_same_of_the_database_for_one_and_for_three(
    page: Any, organization: Organization, queue: Any, people: int, django_assert_num_queries: Any
) -> None:
    Organization.objects.update(figures_purpose="x", figures_visible_to="managers")
    for _ in range(people):
        answer(queue, member(organization, Role.LABELER, queue.project))
    browser = page(member(organization, Role.MANAGER))
    with django_assert_num_queries(8):
        shown = browser.get("/o/acme/figures/").content.decode()
    assert len(re.findall("data-row", shown)) == people
