"""What holds for every address there is: no form without its token, no frame, no script that is not ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.house.routes import PAGES
from tests.house.test_sweep_desk import ADMINS, pages
from tests.house.world import World

pytestmark = pytest.mark.django_db

# A part of an address of each kind, so that it resolves; what it names need not exist.
PARTS = {"int": "1", "slug": "x", "str": "x", "path": "x", "uuid": "0" * 8}
CAPTURED = re.compile(r"<(?:(\w+):)?\w+>")
REGEX = re.compile(r"\(\?P<\w+>[^()]*(?:\([^()]*\)[^()]*)*\)")
OWN_POLICY = ("/admin/", "/platform/")  # the theme's scripts evaluate attributes


def addresses(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """An address for every route."""
    for row in resolver.url_patterns:
        text = str(row.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        path = before + REGEX.sub("x", CAPTURED.sub(lambda part: PARTS[part[1] or "str"], text))
        if isinstance(row, URLResolver):
            yield from addresses(row, path)
        elif isinstance(row, URLPattern):
            yield path


@pytest.fixture
def world() -> World:
    return World("acme", "Alpha")


def test_no_form_is_taken_without_its_token(world: World) -> None:
    """A page of another site makes a browser post with its cookies (ASVS 5.0.0 V3.5.1).

    The API is left out: it takes tokens alone, so that no cookie opens it.
    """
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(world.owner)
    tried = sorted({path for path in addresses(get_resolver()) if not path.startswith("/api/")})
    taken = {path: status for path in tried if (status := browser.post(path).status_code) not in (403, 404)}
    assert len(tried) > 150
    assert taken == {}


def test_a_form_with_its_token_is_taken(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.owner)
    page = browser.get("/o/acme/settings/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
    assert token is not None
    form = {"name": "Acme", "figures_visible_to": "person", "figures_kept_days": "90"}
    assert browser.post("/o/acme/settings/", {**form, "csrfmiddlewaretoken": token[1]}).status_code == 302


def shown(world: World) -> dict[str, Any]:
    """The answer of every page, of the desk too, and of the door."""
    browser = Client()
    browser.force_login(world.owner)
    urls = [route.url(world) for route in PAGES if "GET" in route.verbs]
    urls += [url for model, _admin in ADMINS for url in pages(world, model)]
    urls += ["/account/email/", "/account/2fa/", "/account/sessions/", "/organizations/", "/no/such/page/"]
    return {"/sign-in/": Client().get("/sign-in/")} | {url: browser.get(url) for url in urls}


def test_every_answer_has_its_headers(world: World) -> None:
    """ASVS 5.0.0 V3.4.3 (policy), V3.4.4 (type), V3.4.5 (referrer), V3.4.6 (frames)."""
    wrong = {}
    for url, answer in shown(world).items():
        policy = answer.headers.get("Content-Security-Policy", "")
        held = {
            "type": answer.headers.get("X-Content-Type-Options") == "nosniff",
            "referrer": answer.headers.get("Referrer-Policy") == "same-origin",
            "frames": answer.headers.get("X-Frame-Options") == "DENY",
            "policy": bool(policy),
            "inline": url.startswith(OWN_POLICY) or not re.search(r"unsafe-(inline|eval)", policy),
            "inline script": "script-src" not in policy or "script-src 'unsafe-inline'" not in policy,
        }
        if not all(held.values()):
            wrong[url] = [name for name, holds in held.items() if not holds]
    assert wrong == {}


def test_nothing_is_changed_by_looking(world: World) -> None:
    """ASVS 5.0.0 V3.5.3: what changes something asks for POST."""
    browser = Client()
    browser.force_login(world.owner)
    only_post = [route.url(world) for route in PAGES if list(route.verbs) == ["POST"]]
    assert {url: browser.get(url).status_code for url in only_post} == dict.fromkeys(only_post, 405)
