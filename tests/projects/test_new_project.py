"""A new project from the desk can take data at once."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from teams.identity.models import Organization
from teams.identity.roles import Role
from tests.factories import OrganizationFactory, member
from tests.security.test_names import add, browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return OrganizationFactory.create()


def made(owner: Client, **form: str) -> int:
    """The status of asking for a project, with the stream that the form proposes unless another is said."""
    proposed = owner.get(reverse("admin:projects_project_add")).context["adminform"].form["stream"].value()
    form = {"name": "Readings", "slug": "readings", "stream": proposed, **form}
    return int(add(owner, "projects_project", **form).status_code)


def test_a_project_has_the_stream_that_its_form_proposes(organization: Organization) -> None:
    assert made(browser_of(member(organization, Role.OWNER))) == 302
    streams = organization.streams.values_list("project__slug", "slug", "name", "fields", "split_by")
    assert list(streams) == [("readings", "main", "Main", [], "")]
    assert list(organization.split_policies.values_list("test_until", "val_until")) == [(1000, 1000)]


def test_a_project_may_begin_without_a_stream(organization: Organization) -> None:
    assert made(browser_of(member(organization, Role.OWNER)), stream="") == 302
    assert (organization.projects.count(), organization.streams.count()) == (1, 0)


def test_an_address_that_is_none_makes_neither(organization: Organization) -> None:
    assert made(browser_of(member(organization, Role.OWNER)), stream="no way") == 200
    assert (organization.projects.count(), organization.streams.count()) == (0, 0)


def test_an_empty_project_shows_the_way_in_to_those_who_may_take_it(organization: Organization) -> None:
    owner = browser_of(member(organization, Role.OWNER))
    made(owner)
    way = reverse("imports", args=[organization.slug, "readings"])
    page = owner.get(reverse("project", args=[organization.slug, "readings"])).content.decode()
    assert page.count(f'<a href="{way}" class="button button-primary"') == 1
