"""Logs: no secret that anybody sends, no line that anybody makes up (ASVS 5.0.0 V16.2.5, V16.4.1)."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from config.logs import Discreet, told
from teams.identity.roles import Role
from teams.people.inviting import invite, revoke, secret_of
from tests.factories import OrganizationFactory, member, token

pytestmark = pytest.mark.django_db
PASSWORD = "canary of a password"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the handler of the settings writes, with its filter and its form."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Discreet())
    handler.setFormatter(logging.Formatter(settings.LOGGING["formatters"]["line"]["format"], style="{"))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def as_the_web_server_says(path: str) -> None:
    """A line of uvicorn's access log."""
    line = '%s - "%s %s HTTP/%s" %d'
    logging.getLogger("uvicorn.access").warning(line, "127.0.0.1:1", "GET", path, "1.1", 200)


def test_no_secret_that_is_sent_stands_in_a_log(log: io.StringIO) -> None:
    organization = OrganizationFactory(slug="acme")
    user = member(organization, Role.MANAGER)
    invitation = invite(organization=organization, email="new@example.test", role=Role.LABELER, by=None)
    secret, (_row, text) = secret_of(invitation), token(organization)
    key = f"1-{default_token_generator.make_token(user)}"
    revoke(invitation=invitation, by=None)
    browser = Client(raise_request_exception=False)
    for path in (
        f"/invitation/{invitation.pk}/{secret}/",
        f"/account/password/reset/key/{key}/",
        f"/api/v1/projects/digits/slices?token={text}",
        f"/o/acme/media/{'0' * 64}/?token={secret}",
        f"/no/such/{text}/",
    ):
        browser.get(path)
        as_the_web_server_says(path)
    browser.post("/sign-in/", {"login": user.email, "password": PASSWORD})
    browser.get("/api/v1/projects/digits/slices", headers={"authorization": f"Bearer {text}x"})
    browser.post("/account/password/reset/", {"email": user.email})
    sent = [line for one in mail.outbox for line in str(one.body).split() if "/reset/key/" in line]
    as_the_web_server_says(sent[0].partition("8000")[2])
    said = log.getvalue()
    assert said.count("\n") >= 9
    secrets = [secret, key, text, text[16:], PASSWORD, sent[0].rstrip("/").rpartition("/")[2]]
    assert [one for one in secrets if one in said] == []
    assert f"/invitation/{invitation.pk}/…" in said


@given(st.text())
def test_whatever_is_sent_stays_on_its_line(text: str) -> None:
    assert len(told(text).splitlines()) <= 1


def test_a_path_with_a_line_break_makes_no_line(log: io.StringIO) -> None:
    Client().get("/no/such%0A2026-01-01 ERROR root forged%0D/")
    lines = log.getvalue().splitlines()
    assert [line for line in lines if line.startswith("2026-01-01 ERROR root forged")] == []
    assert len(lines) == 1


def test_numbers_and_other_things_stay_what_they_are(log: io.StringIO) -> None:
    logging.getLogger("x").warning("%d of %.1f and %s", 3, 2.5, None)
    logging.getLogger("x").warning("%(n)d of %(what)s", {"n": 3, "what": "a\nb"})
    said: Any = [line.split(" ", 4)[-1] for line in log.getvalue().splitlines()]
    assert said == ["3 of 2.5 and None", "3 of a\\nb"]
