"""Exploring in a real browser, by the keyboard: type, complete, see the count change, save."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.rules import RULES
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "/o/acme/projects/shelves/explore/"


@pytest.fixture
def stream() -> Any:
    stream = StreamFactory(
        slug="cam", project=ProjectFactory(organization__slug="acme", slug="shelves", name="Shelves")
    )
    for number in range(6):
        ExampleFactory(
            stream=stream, key=f"a{number}", k1="a", confidence=number / 10, text=f"Shelf {number}"
        )
    ExampleFactory(stream=stream, key="b0", k1="b", confidence=0.3)
    return stream


@pytest.fixture
def window(browser: Browser, page: Any, live_server: Any, stream: Any) -> Page:
    """A manager's window at the explorer; what goes wrong in a script fails the test."""
    session = page(member(stream.organization, "manager")).cookies["sessionid"].value
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    window = context.new_page()
    window.on("pageerror", lambda error: pytest.fail(str(error)))
    window.goto(live_server.url + HERE)
    return window


def counts(window: Page, n: str) -> None:
    expect(window.locator("#count-title")).to_contain_text(n)


def test_type_complete_see_the_count_change_and_save_by_the_keyboard_alone(window: Page) -> None:
    counts(window, "7 examples in the stream")
    expect(window.locator("#where")).to_be_focused()
    window.keyboard.type("sto")
    option = window.get_by_role("option", name=re.compile("^store"))
    expect(option).to_have_attribute("aria-selected", "true")
    expect(window.locator("#where")).to_have_attribute("aria-activedescendant", "completion-0")
    window.keyboard.press("Tab")
    expect(window.locator("#where")).to_have_value("store ")
    window.keyboard.type("= ")
    expect(window.get_by_role("option", name=re.compile("^'a'"))).to_be_visible()
    window.keyboard.press("ArrowDown")
    window.keyboard.press("Enter")
    expect(window.locator("#where")).to_have_value("store = 'a' ")
    counts(window, "6 examples meet this")
    expect(window.locator("#live")).to_contain_text("6 examples meet this")
    window.keyboard.type("and confidence < 0.25")
    counts(window, "3 examples meet this")
    expect(window.locator("#newest li")).to_have_count(3)
    expect(window).to_have_url(re.compile(r"confidence\+%3C\+0\.25"))
    expect(window.locator("#where")).to_be_focused()
    window.keyboard.press("Escape")
    window.keyboard.press("Tab")
    expect(window.get_by_role("button", name="Save as a slice")).to_be_focused()
    window.keyboard.press("Enter")
    window.wait_for_url("**/explore/save/**")
    expect(window.locator("pre.condition")).to_have_text("store = 'a' and confidence < 0.25")
    window.get_by_label("Name").focus()
    window.keyboard.type("Sure of nothing")
    window.keyboard.press("Enter")
    window.wait_for_url("**/slices/sure-of-nothing/")
    expect(window.locator("h1")).to_have_text("Sure of nothing")


def test_a_mistake_is_underlined_where_it_is_and_mended_by_one_press(window: Page) -> None:
    window.keyboard.type("confidense < 0.25")
    expect(window.locator(".editor-back mark")).to_have_text("confidense")
    expect(window.locator("#where")).to_have_attribute("aria-invalid", "true")
    window.locator("#count").get_by_role("link", name="confidence", exact=True).press("Enter")
    expect(window.locator("#where")).to_have_value("confidence < 0.25")
    expect(window.locator("#where")).to_be_focused()
    counts(window, "3 examples meet this")


def test_removing_a_chip_edits_the_text_and_can_be_taken_back(window: Page) -> None:
    window.keyboard.type("store = 'a' and confidence < 0.25 ")
    counts(window, "3 examples meet this")
    window.get_by_role("link", name="Remove store = 'a'").click()
    expect(window.locator("#where")).to_have_value("confidence < 0.25")
    window.go_back()
    expect(window.locator("#where")).to_have_value(re.compile("^store = 'a' and confidence < 0.25"))
    counts(window, "3 examples meet this")


def test_what_arrives_shows_within_five_seconds_by_itself(window: Page, stream: Any) -> None:
    window.keyboard.type("store = 'b' ")
    counts(window, "1 example meets this")
    ExampleFactory(stream=stream, key="b1", k1="b", text="new")
    expect(window.locator("#count-title")).to_contain_text("2 examples meet this", timeout=5_000)
    expect(window.locator("#newest")).to_contain_text("b1", timeout=1_000)


def test_the_address_alone_shows_the_same_and_without_scripts_the_button_looks(
    browser: Browser, page: Any, live_server: Any, stream: Any
) -> None:
    session = page(member(stream.organization, "manager")).cookies["sessionid"].value
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    plain = context.new_page()
    plain.goto(f"{live_server.url}{HERE}?where=store+%3D+%27a%27")
    counts(plain, "6 examples meet this")
    plain.locator("#where").fill("lable = 'a'")
    plain.get_by_role("button", name="Show what meets it").click()
    expect(plain.locator(".marks mark")).to_have_text("lable")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
def test_nobody_is_shut_out_while_typing(window: Page, width: int, scheme: Any) -> None:
    window.set_viewport_size({"width": width, "height": 800})
    window.emulate_media(color_scheme=scheme)
    for text in ("store = $store", "lable = 'x' and ", "store <> 'a' and "):
        window.locator("#where").fill(text)
        window.locator("#where").press("Control+ ")
        window.wait_for_timeout(700)
        found = Axe().run(window, options={"runOnly": RULES}).response["violations"]
        assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
        sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert window.evaluate(sideways) == 0
