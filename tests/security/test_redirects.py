"""Nobody is led from a page of ours to somebody else's: every address that a form or a link brings back is our own.

ASVS 5.0.0 V3.7.2.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client

from teams.identity.roles import Role
from teams.models import User
from teams.people.inviting import invite, link_of
from tests.factories import PASSWORD, OrganizationFactory, member
from tests.security.doors import desk_post, sign_in

pytestmark = pytest.mark.django_db
OURS = "http://testserver"

AWAY = [
    "https://evil.test/",
    "http://evil.test",
    "HTTPS://EVIL.TEST",
    "//evil.test",
    "///evil.test",
    "////evil.test/%2e%2e",
    "/\\evil.test",
    "\\\\evil.test",
    "\\/evil.test",
    "/\\/evil.test",
    "https:evil.test",
    "https:/evil.test",
    "http:///evil.test",
    "/%5cevil.test",
    "/%2f%2fevil.test",
    "/\t/evil.test",
    "\t//evil.test",
    " //evil.test",
    "//evil.test\\@testserver",
    "https://testserver@evil.test/",
    "https://testserver.evil.test/",
    "https://evil.test#@testserver",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.test\r\nSet-Cookie: a=b",
    "/\r\nLocation: https://evil.test",
    "\x00//evil.test",
    "https://[::1",
    "//\u2025evil.test",
    "https:\u3002evil.test",
]


@pytest.fixture(autouse=True)
def fresh_limits(settings: Any) -> None:
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def ada() -> User:
    return member(OrganizationFactory(slug="acme"), Role.OWNER)


def led_away(answer: Any) -> bool:
    """Whether a browser that follows this answer leaves, by the rules of browsers: `\\` is `/`, tabs are nothing."""
    where = answer.headers.get("Location")
    if where is None:
        return False
    plain = re.sub(r"[\t\r\n]", "", where).strip("\x00\x01\x20").replace("\\", "/")
    plain = re.sub(r"^(?:https?:)?/{2,}", "//", plain, flags=re.IGNORECASE)  # browsers do not count slashes
    leads = urlsplit(urljoin(f"{OURS}/sign-in/", plain))
    return (leads.scheme, leads.netloc) != ("http", "testserver") or bool(re.search(r"[\r\n]", where))


def test_what_leads_away_is_recognized() -> None:
    """The control: the judge of the tests below sees each of the plain ones."""

    class Answer:
        def __init__(self, where: str) -> None:
            self.headers = {"Location": where}

    assert [led_away(Answer(where)) for where in AWAY[:5]] == [True] * 5
    assert [led_away(Answer(where)) for where in ("/o/acme/", f"{OURS}/x", "?a=1")] == [False] * 3


def at_the_door(ada: User, away: str) -> list[Any]:
    return [
        sign_in(Client(), ada.email, next=away),
        Client().post(f"/sign-in/?next={quote(away)}", {"login": ada.email, "password": PASSWORD}),
    ]


def who_is_in_already(ada: User, away: str) -> list[Any]:
    browser = Client()
    browser.force_login(ada)
    return [
        browser.get("/sign-in/", {"next": away}),
        browser.get("/admin/login/", {"next": away}),
        browser.get("/platform/login/", {"next": away}),
        browser.get("/account/logout/", {"next": away}),
    ]


def out_again(ada: User, away: str) -> list[Any]:
    answers = []
    for path in ("/sign-out/", "/account/logout/"):
        browser = Client()
        browser.force_login(ada)
        answers.append(browser.post(path, {"next": away}))
    return answers


def the_second_factor(ada: User, away: str) -> list[Any]:
    browser = Client()
    browser.force_login(ada)
    return [
        browser.post(f"/account/reauthenticate/?next={quote(away)}", {"password": PASSWORD, "next": away}),
        browser.get("/account/2fa/reauthenticate/", {"next": away}),
    ]


def switching_desks(ada: User, away: str) -> list[Any]:
    browser = Client()
    browser.force_login(ada)
    fields = {"organization": "acme", "next": away, "back": away}
    headers = {"referer": away} if away.isprintable() and away.isascii() else {}
    return [browser.post("/admin/switch/", fields, headers=headers)]


def a_deed(ada: User, away: str) -> list[Any]:
    browser = Client()
    browser.force_login(ada)
    other = member(ada.memberships.get().organization, Role.LABELER).memberships.get()
    fields = {"action": "reactivate", "_selected_action": [other.pk], "back": away, "next": away}
    return [desk_post(browser, "/admin/teams/membership/", **fields)]


def nobody(ada: User, away: str) -> list[Any]:
    return [Client().get("/o/acme/", {"next": away}), Client().get("/", {"next": away})]


DOORS: list[Callable[[User, str], list[Any]]] = [
    at_the_door,
    who_is_in_already,
    out_again,
    the_second_factor,
    switching_desks,
    a_deed,
    nobody,
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_door_leads_away(ada: User, door: Callable[[User, str], list[Any]]) -> None:
    wrong = [
        (away, answer.status_code, answer.headers.get("Location"))
        for away in AWAY
        for answer in door(ada, away)
        if led_away(answer) or answer.status_code >= 500
    ]
    assert wrong == []


def test_the_second_step_of_signing_in_leads_nowhere_else_either(ada: User) -> None:
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    wrong = [
        (away, answer.headers.get("Location"))
        for away in AWAY
        if led_away(answer := sign_in(Client(), ada.email, next=away))
    ]
    assert wrong == []


def test_no_link_and_no_form_of_the_sign_in_page_leads_away(ada: User) -> None:
    """A payload that only stands in the page, to be followed with the next click."""
    wrong = []
    for away in AWAY:
        text = Client().get("/sign-in/", {"next": away}).content.decode()
        for found in re.findall(r'(?:href|action|formaction)="([^"]*)"', text):
            if re.match(
                r"\s*(?:javascript|data|vbscript):|//|[a-z]+://(?!testserver)|[/\\]{2}", html.unescape(found)
            ):
                wrong.append((away, found))
    assert wrong == []


def test_an_invitation_leads_to_its_organization_alone(ada: User) -> None:
    organization = ada.memberships.get().organization
    for n, away in enumerate(AWAY):
        row = invite(organization=organization, email=f"p{n}@example.test", role=Role.LABELER, by=ada)
        path = link_of(row).partition("8000")[2]
        body = {"name": "P", "password": "a sluice opens at dawn", "next": away}
        answer = Client().post(f"{path}?next={quote(away)}", body)
        assert (away, answer.headers.get("Location")) == (away, "/o/acme/")
