"""Links that people follow lead to the installation, whatever host a request named.

ASVS 5.0.0 V6.4.1 (reset and invitation links), V4.1.3 (headers of a proxy that nobody trusts), V1.3.11 (heads of mail).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from teams.identity.roles import Role
from teams.models import Job, User
from teams.work.jobs import run
from tests.factories import OrganizationFactory, member
from tests.security.doors import desk_post

pytestmark = pytest.mark.django_db
HOME = "https://sluice.example.org"
NOT_OURS = {
    "host": "localhost",  # let in, and still not the one that mail leads to
    "x-forwarded-host": "evil.test",
    "x-forwarded-server": "evil.test",
    "x-host": "evil.test",
    "forwarded": "host=evil.test;proto=http",
    "x-original-url": "https://evil.test/",
    "x-rewrite-url": "https://evil.test/",
    "origin": "https://evil.test",
    "referer": "https://evil.test/",
}


@pytest.fixture(autouse=True)
def home(settings: Any) -> None:
    cache.clear()
    settings.SLUICE_URL = HOME
    settings.SLUICE_OPEN_SIGN_UP, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"


@pytest.fixture
def ada() -> User:
    return member(OrganizationFactory(slug="acme"), Role.OWNER)


def links() -> set[str]:
    """The hosts of all links in all mail, text and HTML."""
    texts = [str(sent.body) for sent in mail.outbox]
    texts += [str(body) for sent in mail.outbox for body, _kind in getattr(sent, "alternatives", [])]
    return {found for text in texts for found in re.findall(r"https?://[^/\s\"'<>]+", text)}


def forgot(ada: User) -> None:
    Client(headers=NOT_OURS).post("/account/password/reset/", {"email": ada.email})


def signs_up(ada: User) -> None:
    body = {"email": "eve@example.test", "password1": "a sluice opens at dawn"}
    Client(headers=NOT_OURS).post("/account/signup/", body)


def changes_address(ada: User) -> None:
    browser = Client(headers=NOT_OURS)
    browser.post("/sign-in/", {"login": ada.email, "password": "correct horse battery"})
    browser.post("/account/email/", {"action_add": "", "email": "another@example.test"})


def invites(ada: User) -> None:
    browser = Client(headers=NOT_OURS)
    browser.force_login(ada)
    desk_post(browser, "/admin/teams/invitation/add/", emails="bob@example.test", role="labeler")
    for pk in Job.objects.filter(kind="people.mail_invitation").values_list("pk", flat=True):
        run(pk)


@pytest.mark.parametrize("deed", [forgot, signs_up, changes_address, invites], ids=lambda deed: deed.__name__)
def test_every_link_in_mail_leads_home(ada: User, deed: Any) -> None:
    deed(ada)
    assert (len(mail.outbox) > 0, links()) == (True, {HOME})


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost.evil.test", "localhost@evil.test", "a b", "", "localhost:x"]
)
@pytest.mark.parametrize("path", ["/sign-in/", "/account/password/reset/", "/api/v1/", "/admin/"])
def test_a_host_that_is_not_ours_is_answered_with_400_and_without_its_name(
    settings: Any, path: str, host: str
) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    answer = Client(raise_request_exception=False, headers={"host": host}).get(path)
    assert (answer.status_code, "evil.test" in answer.content.decode()) == (400, False)
    assert mail.outbox == []


@pytest.mark.parametrize("name", ["Ada\r\nBcc: evil@evil.test", "Ada\nX: y", "Ada\u2028Bcc: evil@evil.test"])
def test_a_name_adds_no_line_to_the_head_of_a_mail(ada: User, name: str) -> None:
    User.objects.filter(pk=ada.pk).update(name=name)
    type(ada.memberships.get().organization).objects.update(name=f"Acme {name}")
    invites(ada)
    (sent,) = mail.outbox
    heads = str(sent.message()).partition("\n\n")[0]
    assert re.findall(r"(?m)^(?:Bcc|X):", heads) == []
    assert sent.recipients() == ["bob@example.test"]
