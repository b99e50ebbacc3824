"""Names, addresses and passwords that are not what they seem: a sentence, and nothing changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from teams.identity.names import name_is_plain
from teams.identity.roles import Role
from teams.models import Invitation, Membership, Organization, Team, User
from teams.people.inviting import invite, link_of
from tests.factories import OrganizationFactory, member, token
from tests.house.test_sweep_desk import form_of

pytestmark = pytest.mark.django_db
TRICKS = {
    "nul": "Rea\x00ders",
    "control": "Rea\x07ders",
    "turned": "Rea\u202eders",
    "isolate": "Rea\u2066ders",
    "zero width": "Rea\u200bders",
    "soft hyphen": "Rea\u00adders",
    "mixed": "Re\u0430ders",  # Cyrillic a
    "mixed Greek": "\u039feaders",  # Greek O
}
PLAIN = [
    "Readers",
    "Читатели",
    "Αναγνώστες",
    "読者",
    "قارئ\u200cها",
    "Lucía",
    "Team Ω 7",
    "Читатели East",
    "A\u0301da",
]


@pytest.fixture(autouse=True)
def no_tries_yet() -> None:
    """Wrong passwords are counted by address, over tests too."""
    cache.clear()


@pytest.fixture
def organization() -> Organization:
    organization: Organization = OrganizationFactory(slug="acme", name="Acme")
    return organization


def browser_of(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def add(browser: Client, model: str, **form: Any) -> Any:
    """A new row at the desk."""
    url = reverse(f"admin:{model}_add")
    return browser.post(url, {**form_of(browser, url), **form})


@pytest.mark.parametrize("name", TRICKS.values(), ids=TRICKS)
def test_a_name_that_could_pass_for_another_is_refused_everywhere(
    organization: Organization, name: str
) -> None:
    owner = browser_of(member(organization, Role.OWNER))
    form = {"name": name, "figures_visible_to": "person", "figures_kept_days": "90"}
    answers = [
        add(owner, "teams_team", name=name),
        add(owner, "projects_project", name=name, slug="x"),
        owner.post("/o/acme/settings/", form),
        owner.post("/o/acme/tokens/", {"name": name, "verbs": ["projects.view_project"], "days": "30"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 422]
    assert (Team.objects.count(), organization.projects.count(), organization.tokens.count()) == (0, 0, 0)
    assert Organization.objects.get().name == "Acme"


@pytest.mark.parametrize("name", PLAIN)
def test_names_of_every_script_are_welcome(organization: Organization, name: str) -> None:
    add(browser_of(member(organization, Role.OWNER)), "teams_team", name=name)
    assert list(Team.objects.values_list("name", flat=True)) == [name]


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd", "Zs"], max_codepoint=0x24F), max_size=40))
def test_whoever_writes_latin_letters_is_never_refused(name: str) -> None:
    name_is_plain(name)


@given(st.text("abc", min_size=1), st.text("абв", min_size=1))
def test_letters_that_look_alike_never_share_a_word(latin: str, cyrillic: str) -> None:
    with pytest.raises(ValidationError):
        name_is_plain(latin + cyrillic)
    name_is_plain(f"{latin} {cyrillic}")


@pytest.mark.parametrize(
    "slug", ["\u0430cme", "acm\u0435", "Acme", "ac me", "-acme", "acme-", "ac_me", "a" * 51, "ac\nme", ""]
)
def test_an_address_is_of_small_plain_letters(organization: Organization, slug: str) -> None:
    answer = add(browser_of(member(organization, Role.OWNER)), "projects_project", name="Tags", slug=slug)
    assert (answer.status_code, organization.projects.count()) == (200, 0)


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("ADA@EXAMPLE.TEST", "is a member already"),
        ("Ada@Example.Test", "is a member already"),
        ("\u0430da@example.test", "No e-mail address"),
        ("ada@ex\u0430mple.test", "No e-mail address"),
        ("ada@example", "No e-mail address"),
        (f"ada@{'a' * 250}.test", "No e-mail address"),
        ("ada@example.test\x00", ""),
    ],
)
def test_an_address_that_is_here_or_only_looks_so_is_not_invited(
    organization: Organization, email: str, why: str
) -> None:
    ada = member(organization, Role.LABELER)
    User.objects.filter(pk=ada.pk).update(email="ada@example.test")
    answer = add(
        browser_of(member(organization, Role.OWNER)), "teams_invitation", emails=email, role=Role.LABELER
    )
    assert why in answer.content.decode()
    assert (answer.status_code, Invitation.objects.count()) == (200, 0)


def test_an_address_with_a_tag_is_another_address(organization: Organization) -> None:
    ada = member(organization, Role.LABELER)
    User.objects.filter(pk=ada.pk).update(email="ada@example.test")
    invite(organization=organization, email="ada+sluice@example.test", role=Role.LABELER, by=None)
    assert Invitation.objects.count() == 1


# ASVS 5.0.0 V6.2.1 (length), V6.2.4 (common ones), V6.2.8 (exactly as typed), V6.2.9 (at least 64 are taken).
@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("short77", False),
        ("password1234", False),
        ("qwertyuiop", False),
        ("newcomer@example.test", False),
        ("an odd phr\x00ase", False),
        ("x" * 4096, False),
        ("an odd phrase ", True),
        ("ein Flöz im Nebel", True),
        ("odd phrase " * 6, True),
    ],
)
def test_a_password_is_long_uncommon_and_kept_exactly_as_typed(
    organization: Organization, password: str, taken: bool
) -> None:
    invitation = invite(organization=organization, email="newcomer@example.test", role=Role.LABELER, by=None)
    path = link_of(invitation).partition("8000")[2]
    answer = Client().post(path, {"name": "Nora", "password": password})
    assert answer.status_code == (302 if taken else 422)
    assert Membership.objects.filter(user__email="newcomer@example.test").exists() == taken
    for typed in (password, password.strip() + "!", password.rstrip() or "x"):
        signed = Client().post("/sign-in/", {"login": "newcomer@example.test", "password": typed}).status_code
        assert (signed == 302) == (taken and typed == password)


@pytest.mark.parametrize("where", ["token", "access_token", "authorization"])
def test_a_token_in_the_address_opens_nothing(organization: Organization, where: str) -> None:
    """ASVS 5.0.0 V14.2.1: no secrets in addresses."""
    _row, text = token(organization)
    answer = Client().get("/api/v1/projects/digits/slices", {where: text})
    assert answer.status_code == 401
