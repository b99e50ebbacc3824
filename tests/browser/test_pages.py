"""Every page with data on it, as its organization's owner sees it: axe, no sideways scrolling, no script errors."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.browser.rules import RULES
from tests.house.routes import PAGES
from tests.house.world import World

NOT_PAGES = {
    "media",
    "example-media",
    "snapshot-download",
    "desk",
    "explore-count",
    "explore-found",
    "explore-complete",
    "label-options",
}
NOT_PAGES |= {"slice-now", "slice-figures", "project-arrivals", "import-errors", "snapshot-export-file"}
NOT_PAGES |= {"queue-agreement-csv", "queue-people-csv", "issues-beside"}
SHOWN = [route for route in PAGES if "GET" in route.verbs and route.name not in NOT_PAGES]
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed_in(browser: Browser, page: Any, live_server: Any, world: World) -> Page:
    """The owner's window, signed in."""
    session = page(world.owner).cookies["sessionid"].value
    context = browser.new_context(reduced_motion="reduce")
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return context.new_page()


@pytest.fixture
def world() -> World:
    return World("acme", "Alpha")


def faults(window: Page, address: str) -> list[Any]:
    """What is wrong with the page at this address."""
    errors: list[str] = []
    window.on("pageerror", lambda error: errors.append(str(error)))
    answer = window.goto(address)
    assert answer is not None
    assert answer.status == 200
    found = Axe().run(window, options={"runOnly": RULES}).response["violations"]
    broken = [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]
    sideways = window.evaluate(SIDEWAYS)
    return [*broken, *errors, *([f"{sideways} px sideways"] if sideways else [])]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nobody_is_shut_out(signed_in: Page, world: World, live_server: Any, width: int, scheme: Any) -> None:
    signed_in.set_viewport_size({"width": width, "height": 800})
    signed_in.emulate_media(color_scheme=scheme)
    found = {route.name: faults(signed_in, live_server.url + route.url(world)) for route in SHOWN}
    assert found == {route.name: [] for route in SHOWN}


def test_a_run_that_goes_on_shows_its_end_by_itself(signed_in: Page, world: World, live_server: Any) -> None:
    slug, project = world.organization.slug, world.project.slug
    signed_in.goto(f"{live_server.url}/o/{slug}/projects/{project}/runs/{world.claimed.pk}/")
    badge = signed_in.locator("h1 .badge")
    expect(badge).to_contain_text("Running")
    world.organization.runs.filter(pk=world.claimed.pk).update(state="cancelled", ended_at=timezone.now())
    expect(badge).to_contain_text("Cancelled", timeout=15_000)
    expect(signed_in.locator("#live")).to_contain_text("Cancelled")
    assert signed_in.locator("main[data-fresh-s]").count() == 0
