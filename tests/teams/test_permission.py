"""One question, one answer: for one row and for many."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from projects.models import Project
from teams.access.permissions import grant
from teams.identity.roles import GRANTABLE, Role
from teams.models import User
from tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    ProjectFactory,
    TeamFactory,
    UserFactory,
    member,
    token,
)

pytestmark = pytest.mark.django_db
PROJECT_VERBS = [f"projects.{codename}" for codename in GRANTABLE]


def test_a_labeler_may_label_where_granted_and_nowhere_else() -> None:
    organization = OrganizationFactory()
    here, elsewhere = ProjectFactory(organization=organization), ProjectFactory(organization=organization)
    labeler = member(organization, Role.LABELER, here)
    assert labeler.has_perm("projects.label_project", here)
    assert not labeler.has_perm("projects.label_project", elsewhere)
    assert not labeler.has_perm("projects.review_project", here), "the role says what"


def test_a_grant_does_not_outlive_the_membership() -> None:
    organization = OrganizationFactory()
    project = ProjectFactory(organization=organization)
    labeler = member(organization, Role.LABELER, project)
    organization.memberships.update(is_active=False)
    again = User.objects.get(pk=labeler.pk)
    assert not again.has_perm("projects.label_project", project)
    assert list(Project.objects.all().open_to(again, "projects.label_project")) == []


def test_nobody_may_do_anything_everywhere() -> None:
    owner = member(OrganizationFactory(), Role.OWNER)
    assert not owner.has_perm("projects.view_project")


def test_an_operator_may_no_more_than_their_role_and_grants_say() -> None:
    organization = OrganizationFactory()
    here, elsewhere = ProjectFactory(organization=organization), ProjectFactory(organization=organization)
    labeler = member(organization, Role.LABELER, here)
    User.objects.filter(pk=labeler.pk).update(is_superuser=True, is_staff=True)
    operator = User.objects.get(pk=labeler.pk)
    verbs = ("projects.label_project", "projects.manage_project", "teams.manage_desk")
    assert [[operator.has_perm(verb, row) for verb in verbs] for row in (here, elsewhere, organization)] == [
        [True, False, False],
        [False, False, False],
        [True, False, False],
    ]
    assert not operator.has_perm("projects.view_project")


class TheTwoFormsOfTheQuestion(TestCase):
    """`has_perm` and `open_to` agree whatever roles and grants there are."""

    @settings(max_examples=40)
    @given(
        role=st.sampled_from(Role.values),
        active=st.booleans(),
        personal=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(PROJECT_VERBS)), max_size=4),
        by_team=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(PROJECT_VERBS)), max_size=4),
        verb=st.sampled_from(PROJECT_VERBS),
    )
    def test_agree(self, role, active, personal, by_team, verb) -> None:
        organization, other = OrganizationFactory(), OrganizationFactory()
        projects = [
            ProjectFactory(organization=organization),
            ProjectFactory(organization=organization),
            ProjectFactory(organization=other),
        ]
        user, team = UserFactory(), TeamFactory(organization=organization)
        MembershipFactory(organization=organization, user=user, role=role, is_active=active)
        user.groups.add(team.group)
        for index, granted in personal:
            grant(granted, user, projects[index])
        for index, granted in by_team:
            grant(granted, team, projects[index])
        one_by_one = {row for row in projects if user.has_perm(verb, row)}
        assert set(Project.objects.all().open_to(user, verb)) == one_by_one


def test_the_api_says_what_it_is_and_answers_unknown_addresses_as_problems(client) -> None:
    assert "never runs or deploys" in client.get("/api/v1/").json()["boundary"]
    answer = client.get("/api/v1/nothing-here")
    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (
        404,
        "application/problem+json",
        "not_found",
    )


def test_a_bad_host_is_a_problem_too(client) -> None:
    answer = client.get("/api/v1/", headers={"host": "evil.test"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_a_person_signs_in_and_lands_in_their_organization(client) -> None:
    organization = OrganizationFactory(slug="acme")
    user = member(organization, Role.OWNER)
    wrong = client.post("/sign-in/", {"login": user.email, "password": "wrong"})
    assert wrong.status_code == 200
    right = client.post(
        "/sign-in/", {"login": user.email.upper(), "password": "correct horse battery"}, follow=True
    )
    assert right.redirect_chain[-1] == ("/o/acme/", 302)
    assert right.status_code == 200


def test_a_stranger_gets_the_404_of_an_unknown_organization(page) -> None:
    OrganizationFactory(slug="acme")
    stranger = member(OrganizationFactory(), Role.OWNER)
    foreign, unknown = page(stranger).get("/o/acme/"), page(stranger).get("/o/nobody/")
    assert (foreign.status_code, unknown.status_code) == (404, 404)


def test_a_token_is_refused_with_one_text_whatever_is_wrong_with_it(api) -> None:
    organization = OrganizationFactory()
    project = ProjectFactory(organization=organization)
    row, text = token(organization, project)
    assert row.digest not in text
    for bad in ("slc_aaaaaaaa_" + "b" * 43, "nonsense", text[:-1], ""):
        answer = api(bad).get("/api/v1/runs/claim")
        assert answer.status_code in (401, 404, 405)
