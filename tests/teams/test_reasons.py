"""Why may they, and who may? The page says the same as the door does, and says why."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teams.access.actions import issue_token, set_grants
from teams.access.permissions import grant
from teams.access.reasons import reasons, who_may
from teams.identity.refused import Refused
from teams.identity.roles import GRANTABLE, VERBS, WORDS, Role
from teams.models import Event, User
from teams.people.actions import add_to_team, create_team
from tests.factories import MembershipFactory, OrganizationFactory, ProjectFactory, UserFactory, member

pytestmark = pytest.mark.django_db
VERB_NAMES = [f"projects.{codename}" for codename in GRANTABLE]


def because(user: User, project: Any, verb: str = "projects.label_project") -> tuple[bool, str]:
    """What the page says of one verb."""
    membership = project.organization.memberships.get(user=user)
    return next((row.allowed, row.sentence) for row in reasons(membership, project) if row.verb == verb)


def test_every_way_to_a_yes_or_a_no_has_its_sentence() -> None:
    project = ProjectFactory()
    organization = project.organization
    team = create_team(organization=organization, name="Night shift", by=None)
    in_team = member(organization)
    add_to_team(team=team, membership=organization.memberships.get(user=in_team), by=None)
    grant("projects.label_project", team, project)
    gone = member(organization, Role.LABELER, project)
    organization.memberships.filter(user=gone).update(is_active=False)
    assert [
        because(user, project)
        for user in (
            member(organization, Role.MANAGER),
            in_team,
            member(organization, Role.LABELER, project),
            member(organization),
            member(organization, Role.VIEWER, project),
            gone,
        )
    ] == [
        (True, "The role Manager includes it in every project."),
        (True, "Granted to the team Night shift."),
        (True, "Granted personally."),
        (False, "The role Labeler includes it, but nobody granted it here."),
        (False, "The role Viewer does not include it."),
        (False, "Deactivated: every door is closed."),
    ]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    role=st.sampled_from([role for role in Role if role != Role.PIPELINE]),
    active=st.booleans(),
    personal=st.sets(st.sampled_from(VERB_NAMES), max_size=3),
    by_team=st.sets(st.sampled_from(VERB_NAMES), max_size=3),
)
def test_the_reasons_agree_with_the_door(
    role: str, active: bool, personal: set[str], by_team: set[str]
) -> None:
    project = ProjectFactory()
    user = UserFactory()
    membership = MembershipFactory(organization=project.organization, user=user, role=role, is_active=active)
    team = create_team(organization=project.organization, name="Team", by=None)
    add_to_team(team=team, membership=membership, by=None)
    for verbs, to in ((personal, user), (by_team, team)):
        for verb in verbs:
            grant(verb, to, project)
    said = {row.verb: row.allowed for row in reasons(membership, project)}
    fresh = User.objects.get(pk=user.pk)
    assert said == {verb: fresh.has_perm(verb, project) for verb in said}
    assert set(said) == set(VERB_NAMES)
    assert {verb for verb in said if user in [row.user for row, _why in who_may(verb, project)]} == {
        verb for verb, allowed in said.items() if allowed
    }


def test_every_verb_of_every_role_has_words() -> None:
    assert set().union(*VERBS.values()) == set(WORDS)


def test_a_manager_reads_why_on_the_page(page: Any) -> None:
    project = ProjectFactory(name="Digits")
    organization = project.organization
    manager, labeler = member(organization, Role.MANAGER), member(organization, Role.LABELER, project)
    browser: Client = page(manager)
    url = f"/o/{organization.slug}/access/"
    one = browser.get(url, {"project": project.pk, "q": labeler.email}).content.decode()
    assert ("Granted personally." in one, "The role Labeler does not include it." in one) == (True, True)
    everybody = browser.get(url, {"project": project.pk, "verb": "projects.label_project"}).content.decode()
    assert (labeler.name in everybody, manager.name in everybody) == (True, True)
    assert page(labeler).get(url).status_code == 403
    assert page(labeler).get(f"/o/{organization.slug}/roles/").status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("project=999999", 404),
        ("project=x", 404),
        ("verb=projects.fly", 404),
        ("q=%00", 200),
        ("q=" + "a" * 5000, 200),
        ("q=%27%22%3Cscript%3E", 200),
    ],
)
def test_odd_questions_get_an_answer(page: Any, query: str, status: int) -> None:
    organization = ProjectFactory().organization
    answer = page(member(organization, Role.MANAGER)).get(f"/o/{organization.slug}/access/?{query}")
    assert answer.status_code == status


def test_another_organizations_project_and_people_are_unknown(page: Any) -> None:
    ours, theirs = ProjectFactory(), ProjectFactory()
    stranger = member(theirs.organization, Role.OWNER)
    browser = page(member(ours.organization, Role.OWNER))
    url = f"/o/{ours.organization.slug}/access/"
    assert browser.get(url, {"project": theirs.pk}).status_code == 404
    assert stranger.name not in browser.get(url, {"q": stranger.email}).content.decode()


@pytest.mark.parametrize("people", [1, 30])
def test_the_list_of_who_may_asks_the_same_number_of_questions(
    page: Any, people: int, django_assert_num_queries: Any
) -> None:
    project = ProjectFactory()
    for _ in range(people):
        member(project.organization, Role.LABELER, project)
    browser = page(member(project.organization, Role.MANAGER))
    with django_assert_num_queries(7):
        browser.get(f"/o/{project.organization.slug}/access/", {"verb": "projects.label_project"})


def test_nobody_grants_what_they_may_not_do_themselves() -> None:
    project = ProjectFactory()
    organization = project.organization
    reviewer, labeler = member(organization, Role.REVIEWER, project), member(organization)
    with pytest.raises(Refused, match="Run queues, slices, schedules and gates"):
        set_grants(row=project, to=labeler, verbs=["projects.manage_project"], by=reviewer)
    set_grants(row=project, to=labeler, verbs=["projects.label_project"], by=reviewer)
    assert labeler.has_perm("projects.label_project", project)
    assert Event.objects.filter(kind="grants.changed").count() == 1


def test_nobody_issues_a_token_that_may_more_than_they_may() -> None:
    organization = OrganizationFactory()
    machine = UserFactory(is_service=True)
    MembershipFactory(organization=organization, user=machine, role=Role.PIPELINE)
    with pytest.raises(Refused, match="Claim and report runs"):
        issue_token(
            organization=organization,
            user=machine,
            name="t",
            verbs=["projects.train_project"],
            by=member(organization, Role.LABELER),
        )
