"""A sheet of guesses is verified by keyboard, by mouse, and without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from labeling.models import Annotation
from projects.streams import media
from tests.browser.rules import RULES
from tests.factories import (
    ExampleFactory,
    LabelSchemaFactory,
    OrganizationFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)
from tests.factories.files import picture

pytestmark = pytest.mark.django_db(transaction=True)
PETS = [{"value": "cat", "title": "Cat"}, {"value": "dog", "title": "Dog"}, {"value": "cow", "title": "Cow"}]
ASKED = [{"name": "pet", "kind": "choice", "title": "Which pet?", "options": PETS}]


@pytest.fixture
def sheet(browser: Browser, live_server: Any, client: Any) -> Callable[..., Page]:
    """Opens a sheet of 24 cats and dogs for a labeler who is signed in."""

    def open_page(width: int = 1280, scheme: Any = "light", script: bool = True) -> Page:
        project = ProjectFactory(organization=OrganizationFactory(slug="acme"), slug="pets", name="Pets")
        stream = StreamFactory(project=project)
        queue = QueueFactory(
            stream=stream,
            schema=LabelSchemaFactory(project=project, questions=ASKED),
            slug="hard",
            name="Pets to verify",
            asking="sheet",
            show_predictions=True,
        )
        png = picture("PNG")
        digest = media.digest_of(project.organization, png)
        media.keep(project.organization, {digest: png})
        for number in range(24):
            guess = "cat" if number < 12 else "dog"
            kept = {"media_uri": f"{media.SCHEME}{digest}", "media_type": "image/png"} if number % 3 else {}
            example = ExampleFactory(
                stream=stream,
                key=f"pet-{number:02}",
                text=f"A {guess} of {number}",
                predicted=guess,
                confidence=0.5 + number / 100,
                **kept,
            )
            TaskFactory(queue=queue, example=example, order_key=number)
        client.force_login(member(project.organization, "labeler", project))
        context = browser.new_context(
            java_script_enabled=script, viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(f"{live_server.url}/o/acme/label/pets/hard/")
        page.get_by_role("button", name="Start").click()
        page.locator("form#sheet").wait_for()
        return page

    return open_page


def labels() -> dict[str, int]:
    """How often each class was said."""
    said = list(Annotation.objects.filter(state="accepted").values_list("label", flat=True))
    return {label: said.count(label) for label in set(said)}


def test_exceptions_are_put_right_by_keys_and_all_is_sent_and_undone(sheet: Callable[..., Page]) -> None:
    page = sheet()
    expect(page.locator("[data-mark]").first).to_be_focused()
    for key in ("ArrowRight", "3", "ArrowDown", "ArrowUp", "ArrowRight", "2", "1"):  # the last takes it back
        page.keyboard.press(key)
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.keyboard.press("2")
    assert page.locator("[data-mark]:checked").count() == 2
    page.keyboard.press("Enter")
    expect(page.locator("[data-empty]")).to_be_visible()
    assert labels() == {"cat": 10, "dog": 13, "cow": 1}
    assert all(row.active_s is not None for row in Annotation.objects.all())
    page.keyboard.press("Backspace")
    expect(page.locator("[data-mark]:checked")).to_have_count(2)
    assert labels() == {}


def test_a_mark_without_a_class_is_shown_at_its_cell(sheet: Callable[..., Page]) -> None:
    page = sheet()
    page.keyboard.press(" ")
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator(".sheet-cell.has-errors")).to_have_attribute("data-example-key", "pet-00")


def test_without_a_script_boxes_are_ticked(sheet: Callable[..., Page]) -> None:
    page = sheet(script=False)
    page.locator("[data-mark]").first.check()
    page.locator("[data-right]").first.select_option("cow")
    page.get_by_role("button", name="Send all and next").click()
    page.locator("[data-empty]").wait_for()
    assert labels() == {"cat": 11, "dog": 12, "cow": 1}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nobody_is_shut_out_of_a_sheet(sheet: Callable[..., Page], width: int, scheme: Any) -> None:
    page = sheet(width, scheme)
    page.keyboard.press("3")
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
