"""An organization may ask its managers for a second factor; whoever has none is led to where one gets it."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from teams.identity.roles import Role
from teams.models import Event, Organization, User
from tests.factories import OrganizationFactory, ProjectFactory, member, token

pytestmark = pytest.mark.django_db
SETTINGS = "/o/acme/settings/"
FORM = {"name": "Acme", "figures_visible_to": "person", "figures_kept_days": "90"}


@pytest.fixture
def organization() -> Organization:
    organization: Organization = OrganizationFactory(slug="acme", name="Acme")
    return organization


@pytest.fixture
def owner(organization: Organization) -> User:
    return member(organization, Role.OWNER)


def places(browser: Client) -> list[tuple[int, str]]:
    """What pages and desk answer."""
    answers = [browser.get(path) for path in ("/o/acme/", "/admin/")]
    return [(answer.status_code, answer.headers.get("Location", "")) for answer in answers]


def test_whoever_would_shut_themselves_out_is_told_so(page: Any, owner: User) -> None:
    answer = page(owner).post(SETTINGS, FORM | {"needs_second_factor": "on"})
    assert (answer.status_code, "shut yourself out" in answer.content.decode()) == (422, True)
    assert Organization.objects.get().needs_second_factor is False


def test_managers_without_one_are_led_to_it_and_everybody_else_works_on(
    page: Any, api: Any, organization: Organization, owner: User
) -> None:
    project = ProjectFactory(organization=organization, slug="digits")
    TOTP.activate(owner, "JBSWY3DPEHPK3PXP")
    assert page(owner).post(SETTINGS, FORM | {"needs_second_factor": "on"}).status_code == 302
    manager, labeler = member(organization, Role.MANAGER), member(organization, Role.LABELER, project)
    assert places(page(owner)) == [(200, ""), (200, "")]
    assert places(page(manager)) == [(302, "/account/2fa/")] * 2
    assert page(labeler).get("/o/acme/label/").status_code == 200
    assert api(token(organization, project)[1]).get("/api/v1/projects/digits/slices").status_code == 200
    led = page(manager).get("/o/acme/", follow=True).content.decode()
    assert "Acme asks its managers for a second factor" in led
    TOTP.activate(manager, "JBSWY3DPEHPK3PXP")
    assert places(page(manager)) == [(200, ""), (200, "")]


def test_the_audit_has_before_and_after(page: Any, owner: User) -> None:
    page(owner).post(SETTINGS, FORM | {"name": "Acme and daughters"})
    page(owner).post(SETTINGS, FORM | {"name": "Acme and daughters"})
    (event,) = Event.objects.filter(kind="organization.changed")
    assert (event.by, event.data) == (owner, {"name": {"before": "Acme", "after": "Acme and daughters"}})


@pytest.mark.parametrize("name", ["", " ", "a" * 121, "a\x00b"])
def test_a_name_that_is_none_changes_nothing(page: Any, owner: User, name: str) -> None:
    assert page(owner).post(SETTINGS, {"name": name}).status_code == 422
    assert Organization.objects.get().name == "Acme"


def test_a_manager_changes_no_settings(page: Any, organization: Organization) -> None:
    assert page(member(organization, Role.ADMIN)).get(SETTINGS).status_code == 403
