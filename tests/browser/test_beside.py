"""What stands beside a task is fetched when its key opens it, and is fit for everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, expect

from projects.streams import media
from tests.browser.rules import RULES
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    OrganizationFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)
from tests.factories.files import picture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_neighbours_and_examples_open_by_their_key(
    browser: Browser, live_server: Any, client: Any, width: int, scheme: Any
) -> None:
    project = ProjectFactory(organization=OrganizationFactory(slug="acme"), slug="digits", name="Digits")
    stream = StreamFactory(project=project)
    queue = QueueFactory(stream=stream, slug="hard", name="Hard", show_predictions=True)
    png = picture("PNG", (120, 90))
    digest = media.digest_of(project.organization, png)
    media.keep(project.organization, {digest: png})
    kept = {
        "stream": stream,
        "media_uri": f"{media.SCHEME}{digest}",
        "media_type": "image/png",
        "predicted": "3",
    }
    group = [
        ExampleFactory(
            key=f"tag-{n}", split_key="cart", captured_at=timezone.now() + timedelta(seconds=n), **kept
        )
        for n in range(7)
    ]
    TaskFactory(queue=queue, example=group[3])
    for _ in range(3):
        done = TaskFactory(queue=queue, example=ExampleFactory(**kept), state="accepted", open_slots=0)
        AnnotationFactory(task=done)
    client.force_login(member(project.organization, "labeler", project))
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([cookie])
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{live_server.url}/o/acme/label/digits/hard/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("[data-example-key=tag-3]")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("e")
    expect(page.locator(".beside-one")).to_have_count(9)
    page.locator(".beside-one").last.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    page.evaluate("scrollTo(0, 0)")  # a bar that stays below lies over what is scrolled beneath it
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
