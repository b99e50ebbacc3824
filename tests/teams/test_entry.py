"""Coming in: by e-mail and password, a second factor, a reset link; and every own session in a list."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client

from teams.identity.roles import Role
from teams.models import User
from tests.factories import PASSWORD, OrganizationFactory, UserFactory, member

pytestmark = pytest.mark.django_db
WRONG = "The e-mail address or the password is not right"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Rate limits of other tests are not this one's."""
    cache.clear()


@pytest.fixture
def ada() -> User:
    return member(OrganizationFactory(slug="acme"), Role.MANAGER)


def sign_in(browser: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return browser.post("/sign-in/", {"login": email, "password": password, **more})


def test_a_wrong_password_and_an_unknown_address_are_told_in_the_same_words(ada: User) -> None:
    answers = [sign_in(Client(), email, "not this one") for email in (ada.email, "nobody@example.test")]
    texts = [re.sub(r'value="[^"]*"', "", answer.content.decode()) for answer in answers]
    assert [(answer.status_code, WRONG in text) for answer, text in zip(answers, texts, strict=True)] == [
        (200, True),
        (200, True),
    ]


@pytest.mark.parametrize("who", ["deactivated", "machine"])
def test_some_never_come_in(who: str) -> None:
    user = UserFactory(is_active=who != "deactivated", is_service=who == "machine")
    browser = Client()
    assert WRONG in sign_in(browser, user.email).content.decode()
    assert browser.get("/organizations/").headers["Location"].startswith("/sign-in/")


def test_the_sixth_wrong_try_in_a_row_has_to_wait(ada: User) -> None:
    browser = Client()
    tries = [sign_in(browser, ada.email, "wrong") for _ in range(6)]
    assert "Too many failed login attempts" in tries[-1].content.decode()
    assert sign_in(browser, ada.email).status_code == 200, "not even with the right one"


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "/%5cevil",
    ],
)
def test_nobody_is_led_away(ada: User, onward: str) -> None:
    answer = sign_in(Client(), ada.email, next=onward)
    assert answer.status_code == 302
    assert not re.match(r"(https?:|//|/\\|javascript:)", answer.headers["Location"])


def test_the_session_key_changes_at_the_door(ada: User) -> None:
    browser = Client()
    browser.get("/sign-in/")
    browser.session["visited"] = True
    before = browser.session.session_key
    sign_in(browser, ada.email)
    assert browser.session.session_key != before


def test_nobody_signs_up_without_an_invitation() -> None:
    answer = Client().post("/account/signup/", {"email": "eve@example.test", "password1": PASSWORD})
    assert "People join by invitation" in answer.content.decode()
    assert not User.objects.filter(email="eve@example.test").exists()


def test_where_it_is_open_an_address_is_proven_first(settings: Any) -> None:
    settings.SLUICE_OPEN_SIGN_UP, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"
    browser = Client()
    browser.post("/account/signup/", {"email": "eve@example.test", "password1": "a sluice opens at dawn"})
    assert browser.get("/organizations/").status_code == 302
    link = re.search(r"http://127.0.0.1:8000(/account/confirm-email/\S+)", str(mail.outbox[0].body))
    assert link is not None
    browser.post(link[1])
    assert sign_in(browser, "eve@example.test", "a sluice opens at dawn").status_code == 302
    assert "You belong to no organization yet" in browser.get("/organizations/").content.decode()


def test_a_forgotten_password_is_set_anew_by_a_link_that_works_once(ada: User, settings: Any) -> None:
    settings.SLUICE_URL = "https://sluice.example.org"
    for email in (ada.email, "nobody@example.test"):
        answer = Client().post("/account/password/reset/", {"email": email}, headers={"host": "localhost"})
        assert answer.headers["Location"] == "/account/password/reset/done/"
    (sent,) = mail.outbox
    link = re.search(r"https://sluice.example.org(/account/password/reset/key/\S+)", str(sent.body))
    assert (sent.to, link is not None) == ([ada.email], True)
    assert link is not None
    browser = Client()
    place = browser.get(link[1], follow=True).redirect_chain[-1][0]
    new = "another sluice at dusk"
    browser.post(place, {"password1": new, "password2": new})
    assert sign_in(Client(), ada.email, new).status_code == 302
    assert WRONG in sign_in(Client(), ada.email).content.decode()
    assert "bad" in Client().get(link[1], follow=True).content.decode().lower()


def code_of(secret: str) -> str:
    """What an authenticator app would show now (RFC 6238)."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_with_a_second_factor_the_password_is_not_enough_and_a_code_works_once(ada: User) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(ada, secret)
    browser = Client()
    answer = sign_in(browser, ada.email)
    assert answer.headers["Location"] == "/account/2fa/authenticate/"
    assert browser.get("/organizations/").headers["Location"].startswith("/sign-in/")
    code = code_of(secret)
    assert browser.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert browser.post("/account/2fa/authenticate/", {"code": code}).status_code == 302
    assert browser.get("/organizations/").headers["Location"] == "/o/acme/"
    again = Client()
    sign_in(again, ada.email)
    assert again.post("/account/2fa/authenticate/", {"code": code}).status_code == 200, "a code works once"


def test_a_person_sees_their_sessions_and_ends_the_others(ada: User) -> None:
    here, elsewhere = Client(headers={"user-agent": "Lynx"}), Client(headers={"user-agent": "Mosaic"})
    for browser in (here, elsewhere):
        sign_in(browser, ada.email)
        browser.get("/o/acme/")
    listed = here.get("/account/sessions/").content.decode()
    assert ("Lynx" in listed, "Mosaic" in listed) == (True, True)
    here.post("/account/sessions/")
    assert [browser.get("/o/acme/").status_code for browser in (here, elsewhere)] == [200, 302]


@pytest.mark.parametrize(
    "path",
    [
        "/account/email/",
        "/account/password/change/",
        "/account/2fa/",
        "/account/sessions/",
    ],
)
def test_the_pages_of_ones_account_are_there_for_oneself_alone(ada: User, path: str) -> None:
    browser = Client()
    assert browser.get(path).headers["Location"].startswith("/sign-in/")
    sign_in(browser, ada.email)
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/account/2fa/totp/activate/", "/account/2fa/webauthn/add/"])
def test_who_changes_a_second_factor_says_the_password_again(ada: User, path: str) -> None:
    browser = Client()
    sign_in(browser, ada.email)
    assert mail.outbox == []
    asked = browser.get(path).headers["Location"]
    assert asked.startswith("/account/reauthenticate/")
    assert browser.post(asked, {"password": "wrong"}).status_code == 200
    assert browser.post(asked, {"password": PASSWORD, "next": path}).headers["Location"] == path
    assert browser.get(path).status_code == 200
