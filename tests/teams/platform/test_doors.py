"""The operators' site: who gets to it, and that it shows nothing of what is in an organization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from teams.access.permissions import membership_of
from teams.desk.house import HouseAdmin
from teams.identity.models import User
from teams.people.actions import close_organization
from teams.platform.site import PlatformSite
from teams.work.beats import touch
from tests.factories import OrganizationFactory, UserFactory, member, token
from tests.house.world import World
from tests.teams.platform.operators import addresses, organization_of, url_of

pytestmark = pytest.mark.django_db

# Every address of the site by its name, and what an operator gets there.
ADDRESSES: dict[str | None, int] = {
    "index": 200,
    "login": 302,
    "jsi18n": 200,
    "app_list": 200,
    "teams_organization_changelist": 200,
    "teams_organization_add": 200,
    "teams_organization_change": 200,
    "teams_user_changelist": 200,
    "teams_user_change": 200,
    "teams_job_changelist": 200,
    None: 404,  # whatever is no address
}

# How many queries each page takes, whatever there is to show.
QUERIES = {
    "index": 8,
    "app_list": 2,
    "teams_organization_changelist": 4,
    "teams_organization_add": 2,
    "teams_organization_change": 6,  # three of them write down that somebody looked
    "teams_user_changelist": 4,
    "teams_user_change": 3,
    "teams_job_changelist": 4,
}


# who gets in


def test_every_address_of_the_site_is_known_to_these_tests() -> None:
    assert set(addresses()) == set(ADDRESSES)


def test_operators_get_every_page(browser: Client) -> None:
    organization = organization_of()
    found = {name: browser.get(url_of(name, organization)).status_code for name in addresses()}
    assert found == ADDRESSES


def test_for_everybody_else_who_is_signed_in_there_is_nothing(page: Callable[[Any], Client]) -> None:
    organization = organization_of()
    strangers = {
        "a labeler": member(organization, "labeler"),
        "an owner": member(organization, "owner"),
        "somebody without an organization": UserFactory(),
        "staff that is no superuser": UserFactory(is_staff=True),
        "a superuser that is no staff": UserFactory(is_superuser=True),
    }
    found = {
        (who, name, method): getattr(page(user), method)(url_of(name, organization)).status_code
        for who, user in strangers.items()
        for name in addresses()
        for method in ("get", "post")
    }
    assert {key: status for key, status in found.items() if status != 404} == {}


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_signed_in_goes_to_the_one_page_to_sign_in(
    operator: User, browser: Client, method: str
) -> None:
    organization = organization_of()
    User.objects.filter(pk=operator.pk).update(is_active=False)
    wanted = {name: url_of(name, organization) for name in addresses()} | {"login": "/platform/"}
    found = {
        who: {name: to(getattr(client, method)(url_of(name, organization))) for name in addresses()}
        for who, client in {"nobody": Client(), "a deactivated operator": browser}.items()
    }
    ways = {name: f"/sign-in/?next={url}" for name, url in wanted.items()}
    assert found == {"nobody": ways, "a deactivated operator": ways}


def to(answer: Any) -> str:
    """Where an answer leads."""
    return str(answer.headers.get("Location", answer.status_code)).replace("%2F", "/")


def test_an_operator_gets_into_no_organization_and_to_no_desk(browser: Client, operator: User) -> None:
    organization = organization_of()
    pages = [reverse(name, args=[organization.slug]) for name in ("home", "access", "roles", "desk")]
    assert [browser.get(url).status_code for url in pages] == [404] * len(pages)
    assert browser.get("/admin/").status_code == 403
    assert membership_of(operator, organization.pk) is None
    listed = browser.get(reverse("organizations"))
    assert (organization.name in str(listed.content), "/platform/" in str(listed.content)) == (False, True)


def test_only_admins_written_for_operators_get_to_the_site() -> None:
    with pytest.raises(ImproperlyConfigured):
        PlatformSite("other").register([User], HouseAdmin)


def test_admin_without_a_name_means_the_desk() -> None:
    assert reverse("admin:index") == "/admin/"


# what it shows


def test_a_page_takes_the_same_queries_for_one_organization_as_for_three(browser: Client) -> None:
    first = organization_of()
    for name in QUERIES:
        browser.get(url_of(name, first))  # what is remembered from then on counts for neither
    alone = {name: queries(browser, url_of(name, first)) for name in QUERIES}
    for name in ("Globex", "Initech"):
        organization_of(name)
    assert (alone, {name: queries(browser, url_of(name, first)) for name in QUERIES}) == (QUERIES, QUERIES)


def queries(browser: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(url).status_code == 200
    return len(seen)


def test_the_start_counts_and_says_who_gives_signs_of_life(browser: Client) -> None:
    organization_of()
    close_organization(organization=organization_of("Globex"), by=None)
    touch("clock")
    context = browser.get(reverse("platform:index")).context
    assert context["counts"] == {"organizations": 2, "closed": 1, "people": 5, "deactivated": 0}
    assert context["jobs"] == {"queued": 0, "running": 0, "dead": 2}
    assert [row.age is None for row in context["signs"]] == [False, True, True]


def test_organizations_are_listed_with_their_people_and_when_something_last_happened(browser: Client) -> None:
    first, second = organization_of(), OrganizationFactory(name="Globex")
    close_organization(organization=first, by=None)
    browser.get(url_of("teams_organization_change", first))
    rows = browser.get(reverse("platform:teams_organization_changelist")).context["cl"].result_list
    last = first.events.get(kind="organization.closed").at
    assert [(row.name, row.is_active, row.n_members, row.last_event_at) for row in rows] == [
        ("Acme", False, 2, last),
        ("Globex", True, 0, None),
    ]
    found = browser.get(reverse("platform:teams_organization_changelist") + f"?q={second.slug}")
    assert list(found.context["cl"].result_list) == [second]


def test_people_are_found_by_name_and_address_and_machines_are_not_people(
    browser: Client, operator: User
) -> None:
    machine = token(organization_of())[0].user
    asked = reverse("platform:teams_user_changelist")
    found = [
        list(browser.get(f"{asked}?q={words}").context["cl"].result_list)
        for words in ("olga", operator.email, machine.email)
    ]
    assert found == [[operator], [operator], []]
    assert browser.get(reverse("platform:teams_user_change", args=[machine.pk])).status_code == 404


def test_nothing_of_what_is_in_an_organization_is_on_any_page(browser: Client) -> None:
    world = World("acme", "Alpha")
    public = [world.organization.name, *User.objects.values_list("name", flat=True)]
    for name in set(QUERIES):
        text = browser.get(url_of(name, world.organization)).content.decode()
        for words in sorted(public, key=len, reverse=True):
            text = text.replace(words, "")
        assert (name, "Alpha" in text) == (name, False)


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("user", "password__startswith=a"),
        ("user", "memberships__organization__slug=acme"),
        ("organization", "digest_key__isnull=0"),
        ("organization", "projects__name__startswith=A"),
        ("job", "error__contains=secret"),
        ("job", "args__contains=secret"),
    ],
)
def test_no_list_answers_what_its_own_filters_do_not_ask(browser: Client, model: str, query: str) -> None:
    organization_of()
    assert browser.get(f"{reverse(f'platform:teams_{model}_changelist')}?{query}").status_code == 400


def test_the_words_of_an_error_are_neither_shown_nor_found(browser: Client) -> None:
    job = organization_of().jobs.get()
    asked = reverse("platform:teams_job_changelist")
    shown = browser.get(asked)
    assert ("ValueError" in str(shown.content), "secret" in str(shown.content)) == (True, False)
    found = [
        list(browser.get(f"{asked}?q={words}").context["cl"].result_list) for words in ("prepare", "secret")
    ]
    assert found == [[job], []]


def test_nothing_can_be_edited(browser: Client, operator: User) -> None:
    organization = organization_of()
    for name in ("teams_organization_change", "teams_user_change"):
        body = {"name": "x", "email": "x@example.test", "password": "x", "is_superuser": "on", "slug": "x"}
        assert browser.post(url_of(name, organization), body).status_code == 403
    text = browser.get(reverse("platform:teams_user_change", args=[operator.pk])).content.decode()
    assert [word in text for word in ("password", "is_superuser", operator.password)] == [False] * 3
