"""Whatever people and machines write is text on every page: no element, attribute or address comes of it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from teams.models import User
from teams.work import jobs
from teams.work.models import Job
from tests.house.routes import PAGES
from tests.house.test_sweep_desk import ADMINS, pages
from tests.house.world import World

pytestmark = pytest.mark.django_db

# ASVS 5.0.0 V1.1.2, V1.2.1, V1.2.2, V1.2.3: out of text, out of an attribute, out of a script, as an address.
PAYLOADS = {
    "element": '"><img src=canary onerror=canary()>',
    "script": "</script><script>canary()</script>",
    "template": "{{ canary }}{% canary %}${canary}",
    "address": "javascript:canary()//",
}
ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "srcset"}


class Page(HTMLParser):
    """Collects what a browser would run of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.script = tag == "script"
        for name, value in attrs:
            runs = name.startswith("on") or (name in ADDRESSES and is_program(value or ""))
            if "canary" in name or ("canary" in (value or "") and (runs or name == "style")):
                self.found.append(f"<{tag} {name}={value}>")
        if tag == "img" and dict(attrs).get("src") == "canary":
            self.found.append("<img> of the payload")

    def handle_endtag(self, tag: str) -> None:
        self.script = self.script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self.script and "canary()" in data:
            self.found.append(f"script: {data[:80]}")


def is_program(address: str) -> bool:
    """Whether following it runs something."""
    return address.strip().lower().startswith(("javascript:", "data:", "vbscript:"))


def run_by(pages_shown: dict[str, str]) -> dict[str, list[str]]:
    """{address: what would run}"""
    return {url: found for url, text in pages_shown.items() if (found := Page(text).found)}


def shown(browser: Client, urls: list[str]) -> dict[str, str]:
    """The pages that are HTML."""
    answers: dict[str, Any] = {url: browser.get(url) for url in urls}
    html = {
        url: answer for url, answer in answers.items() if "html" in answer.headers.get("Content-Type", "")
    }
    return {url: answer.content.decode() for url, answer in html.items()}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_what_people_write_runs_nowhere(payload: str) -> None:
    world = World("acme", payload)
    world.organization.examples.update(media_uri=payload, text=payload)
    world.organization.model_versions.update(uri=payload)
    owner, operator = Client(), Client()
    owner.force_login(world.owner)
    operator.force_login(User.objects.create_superuser("operator@example.test", "a password of operators"))
    inside = [route.url(world) for route in PAGES if "GET" in route.verbs]
    inside += [url for model, _admin in ADMINS for url in pages(world, model)]
    inside += ["/organizations/", "/account/email/", "/o/acme/access/?q=" + payload, "/admin/?q=" + payload]
    platform = [reverse(f"platform:teams_{kind}_changelist") for kind in ("organization", "user", "job")]
    everything = shown(owner, inside) | shown(operator, ["/platform/", *platform])
    assert all(url in everything for url in platform)
    assert sum("canary" in text for text in everything.values()) > 40, "the payload is on the pages, as text"
    assert run_by(everything) == {}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_nor_in_the_mail(payload: str) -> None:
    world = World("acme", payload)
    for job in Job.objects.filter(kind="people.mail_invitation"):
        jobs.run(job.pk)
    (sent,) = mail.outbox
    (html,) = [str(part.content) for part in sent.alternatives]
    assert "canary" in html
    assert run_by({"mail": html}) == {}
    assert "\n" not in sent.subject
    assert world.organization.name.replace("\n", " ") in f"{sent.subject} {sent.body}"


@pytest.mark.parametrize(
    "text",
    [
        '<img src="canary" onerror="x">',
        '<a href="JavaScript:canary()">',
        "<script>canary()</script>",
        '<b onclick="canary()">',
    ],
)
def test_the_reader_of_pages_bites(text: str) -> None:
    assert Page(text).found != []
