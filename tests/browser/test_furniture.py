"""The furniture in a real browser: axe, the keys, and no width at which a page scrolls sideways."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Browser, Page, Route, expect

from teams.desk import gallery
from teams.entry.forms import SignInForm
from tests.browser.rules import RULES

STATIC = Path(__file__).resolve().parents[2] / "templates" / "static"
SITE = "http://sluice.test"
Open = Callable[..., Page]


def written() -> dict[str, str]:
    """The pages as their templates give them; they need no database."""
    rf = RequestFactory()
    member: Any = rf.get("/")
    gallery.pretend(member)
    outside: Any = rf.get("/")
    card = {"name": "Digits", "url": "#", "stage": "shadow", "outcome": "fail", "figures": [("Tasks", "12")]}
    return {
        "gallery": gallery.components(rf.get("/components/")).content.decode(),
        "task": gallery.components(rf.get("/components/?page=task")).content.decode(),
        "sign-in": render_to_string("account/login.html", {"form": SignInForm({"login": "x"})}, outside),
        "organizations": render_to_string("teams/organizations.html", {"memberships": []}, outside),
        "home": render_to_string("slices/home.html", {"cards": [card], "create_project_url": "#"}, member),
        "missing": render_to_string("404.html", {"request_id": "req_1"}, member),
        "broken": render_to_string("500.html"),
    }


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return written()


@pytest.fixture
def open_page(browser: Browser, pages: dict[str, str]) -> Iterator[Open]:
    """Opens a page by its name, with our own static files and nothing else of the world."""
    contexts = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE).partition("?")[0].partition("#")[0]
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0])
        else:
            route.fulfill(body=pages[path.strip("/")], content_type="text/html; charset=utf-8")

    def open_page(name: str, width: int = 1280, height: int = 800, scheme: Any = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.errors = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
        page.route("**/*", answer)
        page.goto(f"{SITE}/{name}")
        page.evaluate("document.activeElement.blur()")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", ["gallery", "task", "sign-in", "organizations", "home", "missing", "broken"])
def test_nobody_is_shut_out(open_page: Open, name: str, width: int, scheme: str) -> None:
    page = open_page(name, width, scheme=scheme)
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
    assert page.errors == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [1280, 900, 360, 320])
def test_no_page_scrolls_sideways(open_page: Open, width: int) -> None:
    for name in ("gallery", "task", "home", "sign-in"):
        page = open_page(name, width, 256 if width == 320 else 800)
        sideways = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert (name, sideways) == (name, 0)


def test_the_question_mark_shows_the_keys_of_the_page(open_page: Open) -> None:
    page = open_page("gallery")
    page.keyboard.press("?")
    words = page.inner_text("#key-help")
    assert [key in words for key in ("Freeze now", "Slices", "Next, previous row", "Search")] == [True] * 4
    page.keyboard.press("Escape")
    assert page.locator("#key-help").is_visible() is False


def test_j_and_k_move_in_a_list_and_enter_follows(open_page: Open) -> None:
    page = open_page("gallery")
    focused = "document.activeElement.textContent"
    page.keyboard.press("j")
    first = page.evaluate(focused)
    page.keyboard.press("j")
    second = page.evaluate(focused)
    page.keyboard.press("k")
    assert (first, second, page.evaluate(focused)) == ("Price tags, last 30 days", "Glare, store 417", first)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#table$"))


def test_g_and_a_letter_go_places(open_page: Open) -> None:
    page = open_page("gallery")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("#slices$"))


def test_keys_are_letters_while_typing(open_page: Open) -> None:
    page = open_page("gallery")
    page.keyboard.press("/")
    page.keyboard.type("g?js")
    assert page.input_value("#search-q") == "g?js"
    assert page.locator("#key-help").is_visible() is False


def test_single_keys_can_be_switched_off(open_page: Open) -> None:
    page = open_page("gallery")
    page.keyboard.press("?")
    page.uncheck("[data-keys-switch]")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_a_typed_confirmation_holds_the_button_back(open_page: Open) -> None:
    page = open_page("gallery")
    page.click("[data-opens=erase]")
    submit = page.locator("#erase button[type=submit]")
    assert submit.is_disabled()
    page.fill("#erase-typed", "shelf-tags")
    assert submit.is_enabled()


def test_the_first_press_of_tab_offers_to_skip_to_the_content(open_page: Open) -> None:
    page = open_page("home")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_on_a_narrow_screen_the_places_open_and_close(open_page: Open) -> None:
    page = open_page("gallery", 360)
    places = page.locator("#places")
    assert places.is_visible() is False
    page.click(".top-menu")
    assert places.is_visible() is True
    page.keyboard.press("Escape")
    assert places.is_visible() is False


def test_errors_take_the_focus_and_lead_to_the_field(open_page: Open) -> None:
    page = open_page("sign-in")
    page.reload()
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')")
    page.click("[data-error-summary] a[href='#id_password']")
    assert page.evaluate("document.activeElement.id") == "id_password"


def test_a_chosen_theme_lasts(open_page: Open) -> None:
    page = open_page("gallery")
    page.check("input[name=gallery-theme][value=dark]")
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_a_task_fills_the_window_and_no_more(open_page: Open) -> None:
    page = open_page("task")
    foot = page.evaluate("document.querySelector('.task-bar').getBoundingClientRect().bottom")
    assert (foot, page.evaluate("document.documentElement.scrollHeight")) == (800, 800)
