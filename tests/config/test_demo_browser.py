"""The simulated person's browser reads a page's forms and keys as a person would."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.core.cache.backends.db import DatabaseCache

from config.demo import browser
from config.demo.browser import Browser, Page
from tests.factories import UserFactory

HTML = """
<main><a href="../queues/">Queues</a>
<form id="answer" method="post" action="/o/demo/label/digits/hard/answer/">
  <input type="hidden" name="csrfmiddlewaretoken" value="abc"><input type="hidden" name="lease" value="7">
  <section data-example-key="digit-0421"></section>
  <input type="radio" name="stage" value="shadow"><input type="radio" name="stage" value="production" checked>
  <input type="checkbox" name="sure" value="on"><textarea name="note">a &amp; b</textarea>
  <button name="digit" value="3">3</button>
</form>
<form method="get"><input name="q"></form></main>
"""


def page(html: str = HTML) -> Page:
    answer = requests.Response()
    answer.status_code, answer.url = 200, "http://127.0.0.1/o/demo/label/"
    answer._content = html.encode()
    answer.headers["Content-Type"] = "text/html; charset=utf-8"
    answer.encoding = "utf-8"
    return Page(answer)


def test_a_form_is_filled_as_the_page_has_it() -> None:
    form = page().form("/answer/")
    assert form is not None
    assert (form.method, form.action) == ("POST", "http://127.0.0.1/o/demo/label/digits/hard/answer/")
    assert form.fields == {"csrfmiddlewaretoken": "abc", "lease": "7", "stage": "production", "note": "a & b"}
    assert form.buttons == [("digit", "3")]


def test_a_form_without_an_address_goes_back_to_its_page() -> None:
    assert [form.action for form in page().forms][1] == "http://127.0.0.1/o/demo/label/"


def test_a_form_is_found_by_what_it_holds() -> None:
    seen = page()
    assert seen.form("", "q") is seen.forms[1]
    assert seen.form("/elsewhere/") is None
    assert page().form("/answer/", "missing") is None


def test_the_key_of_the_example_and_the_links_are_seen() -> None:
    assert page().data["data-example-key"] == "digit-0421"
    assert page().links == ["http://127.0.0.1/o/demo/queues/"]
    assert page("<p>plain</p>").text == "plain"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the browser waited each time; what the cache holds is over by then."""
    found: list[float] = []

    def time_goes_by(seconds: float) -> None:
        found.append(seconds)
        cache.clear()

    monkeypatch.setattr(browser, "time", SimpleNamespace(monotonic=time.monotonic, sleep=time_goes_by))
    return found


@pytest.mark.django_db(transaction=True)
def test_somebody_shut_out_by_the_failures_of_others_waits_and_comes_in(
    live_server: Any, waits: list[float]
) -> None:
    UserFactory(email="lena@example.test", password="shelf tags")
    for number in range(10):
        other = Browser(live_server.url)
        form = other.look("/sign-in/").form("", "login", "password")
        assert form is not None
        other.submit(form, login=f"nobody{number}@example.test", password="wrong")
    Browser(live_server.url).sign_in("lena@example.test", "shelf tags")
    assert waits == [browser.PAUSE_S]


@pytest.mark.django_db(transaction=True)
def test_somebody_shut_out_by_a_lock_that_a_dead_server_left_waits_and_comes_in(
    live_server: Any, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    UserFactory(email="lena@example.test", password="shelf tags")
    UserFactory(email="liam@example.test", password="shelf tags")
    with monkeypatch.context() as dying:
        dying.setattr(DatabaseCache, "delete", lambda *_args, **_more: False)
        Browser(live_server.url).sign_in("liam@example.test", "shelf tags")
    Browser(live_server.url).sign_in("lena@example.test", "shelf tags")
    assert waits == [browser.PAUSE_S]
