"""A company's own sign-in: its groups are the roles and teams here, at every sign-in anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from django.test import Client

from config.oidc import providers
from teams.identity.roles import Role
from teams.models import Membership, Organization, User
from teams.people.actions import create_team
from tests.factories import OrganizationFactory, UserFactory, member
from tests.teams.company import CLIENT, SECRET, Company, running

pytestmark = pytest.mark.django_db
LOGIN = "/account/oidc/company/login/"


@pytest.fixture
def organization() -> Organization:
    organization: Organization = OrganizationFactory(slug="acme")
    member(organization, Role.OWNER)
    create_team(organization=organization, name="Tag readers", by=None)
    return organization


@pytest.fixture
def company(settings: Any, organization: Organization) -> Iterator[Company]:
    with running() as company:
        settings.SLUICE_OIDC = {
            "name": "Acme's own",
            "server_url": company.url,
            "client_id": CLIENT,
            "secret": SECRET,
            "organization": "acme",
            "roles": {"ml-admins": "admin", "ml-labelers": "labeler"},
            "teams": {"ml-labelers": "Tag readers"},
        }
        settings.SOCIALACCOUNT_PROVIDERS = providers(settings.SLUICE_OIDC)
        yield company


def come(company: Company, groups: list[str], **claims: Any) -> Client:
    """Sign in through the company, as somebody of these groups."""
    company.claims = {"sub": "17", "email": "ada@example.test", "email_verified": True, "name": "Ada"}
    company.claims |= {"groups": groups, **claims}
    browser = Client()
    away = urlparse(browser.post(LOGIN).headers["Location"])
    asked = parse_qs(away.query)
    assert (f"{away.scheme}://{away.netloc}", asked["client_id"]) == (company.url, [CLIENT])
    company.codes.add("a code")
    browser.get(f"{LOGIN}callback/", {"code": "a code", "state": asked["state"][0]})
    return browser


def standing() -> tuple[str, bool, list[str]] | None:
    """What Ada is here."""
    membership = Membership.objects.filter(user__email="ada@example.test").first()
    if membership is None:
        return None
    return membership.role, membership.is_active, [team.name for team in membership.teams.all()]


def test_the_door_offers_it(company: Company) -> None:
    assert "Acme&#x27;s own" in Client().get("/sign-in/").content.decode()


def test_groups_become_role_and_teams_and_are_followed_at_every_sign_in(company: Company) -> None:
    browser = come(company, ["ml-labelers", "everybody"])
    assert standing() == ("labeler", True, ["Tag readers"])
    assert browser.get("/o/acme/label/").status_code == 200
    assert User.objects.get(email="ada@example.test").name == "Ada"
    come(company, ["ml-admins"])
    assert standing() == ("admin", True, [])
    come(company, ["ml-admins", "ml-labelers"])
    assert standing() == ("admin", True, ["Tag readers"])
    gone = come(company, ["everybody"])
    assert standing() == ("admin", False, ["Tag readers"])
    assert gone.get("/o/acme/").status_code == 404
    come(company, ["ml-labelers"])
    assert standing() == ("labeler", True, ["Tag readers"])
    assert all(company.verifiers), "PKCE"


def test_somebody_new_without_a_group_that_counts_gets_no_account(company: Company) -> None:
    come(company, ["everybody"])
    assert not User.objects.filter(email="ada@example.test").exists()


def test_a_proven_address_leads_to_the_account_that_is_there(company: Company) -> None:
    ada = UserFactory(email="ada@example.test")
    come(company, ["ml-labelers"])
    assert Membership.objects.get(user=ada).role == Role.LABELER


def test_an_address_that_the_company_has_not_proven_takes_over_no_account(company: Company) -> None:
    ada = UserFactory(email="ada@example.test")
    browser = come(company, ["ml-admins"], email_verified=False)
    assert not Membership.objects.filter(user=ada).exists()
    assert browser.get("/o/acme/").status_code in (302, 404)


def test_the_last_owner_stays_whatever_the_groups_say(company: Company, organization: Organization) -> None:
    organization.memberships.all().delete()
    ada = UserFactory(email="ada@example.test")
    organization.memberships.create(user=ada, role=Role.OWNER)
    for groups in (["everybody"], ["ml-labelers"]):
        come(company, groups)
        assert standing() == ("owner", True, [])


def test_a_code_or_state_that_is_none_opens_nothing(company: Company) -> None:
    browser = Client()
    browser.post(LOGIN)
    for query in ({"code": "x", "state": "y"}, {"code": "x"}, {"error": "access_denied"}):
        browser.get(f"{LOGIN}callback/", query)
        assert browser.get("/organizations/").status_code == 302
    assert not User.objects.filter(email="ada@example.test").exists()


def test_without_a_company_there_is_no_such_door(organization: Organization) -> None:
    assert Client().post(LOGIN).status_code == 404
    assert "oidc" not in Client().get("/sign-in/").content.decode()
