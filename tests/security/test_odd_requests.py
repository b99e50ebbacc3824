"""Odd questions to the desk, and tries at the door: an answer, never an error, never somebody else's row."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client

from teams.desk.site import desk
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.platform.site import platform
from teams.work.jobs import JOB_KINDS, enqueue
from tests.factories import PASSWORD, OrganizationFactory, member
from tests.house.test_sweep_desk import ADMINS, address
from tests.house.world import World

pytestmark = pytest.mark.django_db

ODD = [
    "q=%00",
    "q=[",
    "q=(a%2B)%2B$",
    "q=%25_%25",
    "q=" + "x" * 5000,
    "q=%F0%9F%98%80",
    "o=99",
    "o=-1.2.x",
    "o=password",
    "p=-1",
    "p=x",
    "p=999999999999",
    "all=1",
    "_to_field=password",
    "_to_field=id",
    "_popup=1",
    "e=1",
    "by__password__startswith=a",
    "organization__name=Beta",
    "id__in=1,2,x",
    "user__password__regex=.*",
    "a=1&a=2",
    "%00=1",
    "..;/",
]


def test_odd_questions_get_an_answer() -> None:
    ours, theirs = World("acme", "Alpha"), World("globex", "Beta")
    browser = Client(raise_request_exception=False)
    browser.force_login(ours.owner)
    wrong = {}
    for url in (f"{address(model, 'changelist')}?{query}" for model, _admin in ADMINS for query in ODD):
        answer: Any = browser.get(url, follow=True)
        if answer.status_code >= 500 or f"{theirs.mark} " in answer.content.decode():
            wrong[url] = answer.status_code
    assert wrong == {}


def test_the_tables_of_the_work_queue_are_at_no_desk() -> None:
    """ASVS 5.0.0 V1.5.2: what lies in them is unpickled by the worker, so that writing there is running code."""
    theirs = set(apps.get_app_config("django_q").get_models())
    assert [theirs & set(site._registry) for site in (desk, platform, admin.site)] == [set()] * 3


def test_only_known_kinds_of_work_are_put_down() -> None:
    organization = OrganizationFactory()
    for kind in ("os.system", "", "people.mail_invitation "):
        assert kind not in JOB_KINDS
        with pytest.raises((Refused, KeyError, ValueError)):
            enqueue(kind, organization=organization)
    assert organization.jobs.count() == 0


@pytest.fixture(autouse=True)
def no_tries_yet() -> None:
    """Wrong passwords are counted by address, over tests too."""
    cache.clear()


def test_who_guesses_has_to_wait_and_nobody_else() -> None:
    """ASVS 5.0.0 V6.3.1: the guesser's account is slowed down from their address; others come in from theirs."""
    organization = OrganizationFactory()
    ada, bob = member(organization, Role.LABELER), member(organization, Role.LABELER)
    guesser, elsewhere = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="203.0.113.8")
    for _ in range(6):
        guesser.post("/sign-in/", {"login": ada.email, "password": "wrong"})
    assert b"Too many" in guesser.post("/sign-in/", {"login": ada.email, "password": PASSWORD}).content
    for user in (bob, ada):
        assert elsewhere.post("/sign-in/", {"login": user.email, "password": PASSWORD}).status_code == 302


def test_the_count_is_kept_where_every_process_finds_it() -> None:
    ada = member(OrganizationFactory(), Role.LABELER)
    for _ in range(5):
        Client().post("/sign-in/", {"login": ada.email, "password": "wrong"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sluice_cache")
        assert cursor.fetchone()[0] > 0
    caches["default"].close()
    said = Client().post("/sign-in/", {"login": ada.email, "password": PASSWORD}).content
    assert b"Too many" in said


def test_an_unknown_account_costs_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """ASVS 5.0.0 V6.3.8: a password is hashed once in either case, so that the time tells nothing."""
    user, hashed = member(OrganizationFactory()), []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    counts = []
    for email in (user.email, "nobody@example.test"):
        hashed.clear()
        Client().post("/sign-in/", {"login": email, "password": "wrong"})
        counts.append(len(hashed))
    assert counts[0] == counts[1] > 0


def test_no_page_before_the_door_says_who_is_here() -> None:
    """The same answers for an organization, an account and an invitation that are there and that are not."""
    organization = OrganizationFactory(slug="acme")
    user = member(organization)
    pairs = [
        ("/o/acme/", "/o/nobody/"),
        (
            f"/account/password/reset/?email={user.email}",
            "/account/password/reset/?email=nobody@example.test",
        ),
        ("/invitation/1/x/", "/invitation/999/x/"),
        ("/admin/teams/team/1/change/", "/admin/teams/team/999/change/"),
    ]
    for there, nowhere in pairs:
        first, second = (Client().get(path) for path in (there, nowhere))
        led = [answer.headers.get("Location", "").partition("?")[0] for answer in (first, second)]
        assert (first.status_code, led[0]) == (second.status_code, led[1])
