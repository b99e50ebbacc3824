"""A manager declares what arrives, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from projects.models import Stream
from projects.streams.actions import receive
from projects.streams.rows import RowIn
from teams.identity.roles import Role
from tests.factories import PASSWORD, OrganizationFactory, ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = [
    {"name": "store", "type": "string", "title": "Shop", "column": "k1"},
    {"name": "light", "type": "enum", "enum": ["day", "night"]},
]


@pytest.fixture
def stream() -> Stream:
    organization = OrganizationFactory(slug="acme", name="Acme")
    project = ProjectFactory(organization=organization, slug="shelves", name="Shelves")
    made: Stream = StreamFactory(project=project, name="Cameras", slug="cameras", fields=FIELDS)
    rows = [
        RowIn(
            key=f"k{n}",
            attributes={
                "store": f"store-{n % 7}", "light": "day", "shelf": n % 5, "customer": f"Ada {n}",
                "seen_at": "2026-03-01T08:00:00Z", "size": {"w": 640},
            },
        )
        for n in range(40)
    ]  # fmt: skip
    receive(stream=made, rows=rows, by=None)
    return made


@pytest.fixture
def form(browser: Browser, live_server: Any, stream: Stream) -> Page:
    """The stream's page at the desk."""
    manager = member(stream.organization, Role.MANAGER)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{live_server.url}/sign-in/")
    page.locator("[name=login]").fill(manager.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(f"{live_server.url}/o/**")
    page.goto(live_server.url + reverse("admin:projects_stream_change", args=[stream.pk]))
    return page


def test_two_attributes_that_arrive_are_declared_one_personal_one_quick(form: Page, stream: Stream) -> None:
    shelf = form.get_by_role("group", name="shelf")
    shelf.get_by_label("declare it").check()
    shelf.get_by_label("quick to slice by").check()
    customer = form.get_by_role("group", name="customer")
    customer.get_by_label("declare it").check()
    customer.get_by_label("personal").check()
    expect(form.get_by_role("group", name="size").get_by_role("checkbox").first).to_be_disabled()
    form.get_by_role("button", name="Save and continue editing").click()
    expect(form.get_by_text("being made quick")).to_be_visible()
    stream.refresh_from_db()
    assert {row["name"]: row.get("pii", False) for row in stream.fields} == {
        "store": False,
        "light": False,
        "customer": True,
        "shelf": False,
    }
    found = Axe().run(form, context={"include": [".desk-fields"]})
    assert found.violations_count == 0, found.generate_report()
