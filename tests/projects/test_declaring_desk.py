"""Attributes at the desk: a manager declares them in rows of a form, without writing JSON."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from projects.models import Stream
from projects.streams.actions import receive
from projects.streams.rows import RowIn
from teams.identity.roles import Role
from tests.factories import ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db
INPUT = re.compile(r"<(?:input|textarea|select)[^>]*name=\"(declared-[^\"]*)\"[^>]*>")


class Desk:
    """The page of a stream, as a manager sees and sends it."""

    def __init__(self, browser: Any, stream: Stream) -> None:
        self.browser, self.stream = browser, stream
        self.url = reverse("admin:projects_stream_change", args=[stream.pk])

    def read(self) -> tuple[dict[str, str], str]:
        """(what the form would send as it stands, the words of the page)."""
        html = self.browser.get(self.url).content.decode()
        form = {"description": ""}
        for tag, name in re.findall(r"(<input[^>]*name=\"([^\"]+)\"[^>]*>)", html):
            value = re.search(r"value=\"([^\"]*)\"", tag)
            if "checkbox" not in tag or re.search(r"\schecked[\s>]", tag):
                form[name] = unescape(value[1]) if value else "on" if "checkbox" in tag else ""
        for name, body in re.findall(
            r"<select[^>]*name=\"(declared-[^\"]+)\"[^>]*>(.*?)</select>", html, re.S
        ):
            form[name] = re.findall(r"value=\"([^\"]+)\" selected", body)[0]
        for name, body in re.findall(
            r"<textarea[^>]*name=\"(declared-[^\"]+)\"[^>]*>(.*?)</textarea>", html, re.S
        ):
            form[name] = unescape(body)
        return form, " ".join(unescape(strip_tags(html)).split())

    def row(self, form: dict[str, str], name: str) -> str:
        """The beginning of the names of a row's inputs."""
        found = [key for key, value in form.items() if key.endswith("-name") and value == name]
        return found[0].removesuffix("name")

    def send(self, form: dict[str, str]) -> str:
        """The words of the page that follows."""
        answer = self.browser.post(self.url, form | {"_continue": "1"}, follow=True)
        assert answer.status_code == 200
        return " ".join(unescape(strip_tags(answer.content.decode())).split())


@pytest.fixture
def place(page: Any) -> Desk:
    stream = StreamFactory(fields=[{"name": "store", "type": "string", "column": "k1"}])
    rows = [
        RowIn(
            key=f"k{n}", attributes={"store": "a", "shelf": n, "kind": ["cart", "spill"][n % 2], "size": {}}
        )
        for n in range(4)
    ]
    receive(stream=stream, rows=rows, by=None)
    return Desk(page(member(stream.organization, Role.MANAGER)), stream)


def declared(place: Desk) -> Any:
    place.stream.refresh_from_db()
    return place.stream.fields


def test_the_page_sent_as_it_stands_changes_nothing(place: Desk) -> None:
    form, words = place.read()
    before = declared(place)
    place.send(form)
    assert declared(place) == before
    assert "Arrives undeclared" in words
    assert "in 100 % of them" in words


def test_what_arrives_undeclared_is_declared_by_a_tick(place: Desk) -> None:
    form, _words = place.read()
    shelf, kind = place.row(form, "shelf"), place.row(form, "kind")
    assert (form[f"{shelf}type"], form[f"{kind}type"]) == ("number", "string")
    more = {f"{shelf}declare": "on", f"{shelf}title": "Shelf from below", f"{shelf}promoted": "on"}
    more |= {f"{kind}declare": "on", f"{kind}type": "enum", f"{kind}values": "cart\nspill\n\n gap "}
    place.send(form | more)
    assert declared(place) == [
        {"name": "store", "type": "string", "column": "k1", "state": "promoted"},
        {"name": "kind", "type": "enum", "enum": ["cart", "spill", "gap"]},
        {
            "name": "shelf", "type": "number", "title": "Shelf from below", "column": "n1", "state": "promoting",
        },
    ]  # fmt: skip
    _form, words = place.read()
    assert "making quick shelf: running, 0 examples" in words


def test_what_examples_contradict_is_said_and_taken_only_when_one_insists(place: Desk) -> None:
    form, _words = place.read()
    shelf = place.row(form, "shelf")
    wanted = form | {f"{shelf}declare": "on", f"{shelf}type": "boolean"}
    words = place.send(wanted)
    assert "“shelf” would not fit 4 of 4 examples, first: k0, k1, k2, k3." in words
    assert [row["name"] for row in declared(place)] == ["store"]
    place.send(wanted | {"despite": "on"})
    assert [row["name"] for row in declared(place)] == ["store", "shelf"]


def test_an_attribute_is_taken_away_and_its_values_stay(place: Desk) -> None:
    form, _words = place.read()
    store = place.row(form, "store")
    assert "“store” is quick" in place.send(form | {f"{store}gone": "on"})
    del form[f"{store}promoted"]
    place.send(form)
    assert [row["state"] for row in declared(place)] == ["demoting"]


def test_a_change_based_on_an_older_page_is_refused(place: Desk) -> None:
    form, _words = place.read()
    kind = place.row(form, "kind")
    Stream.objects.update(fields=[{"name": "store", "type": "string"}])
    assert "changed meanwhile" in place.send(form | {f"{kind}declare": "on"})


def test_a_new_stream_is_made_with_attributes_that_are_quick_at_once(page: Any) -> None:
    project = ProjectFactory()
    browser = page(member(project.organization, Role.OWNER))
    url = reverse("admin:projects_stream_add")
    here = re.findall(
        r"<input[^>]*name=\"([^\"]+)\"[^>]*value=\"([^\"]*)\"", browser.get(url).content.decode()
    )
    form = dict(here) | {
        "project": project.pk, "name": "Cameras", "slug": "cameras", "split_by": "", "salt": "",
        "test_percent": "10", "val_percent": "0", "declared-count": "3",
        "declared-0-kind": "room", "declared-0-name": "store", "declared-0-type": "string",
        "declared-0-promoted": "on", "declared-0-nullable": "on",
        "declared-1-kind": "room", "declared-1-name": "", "declared-1-type": "string",
        "declared-2-kind": "room", "declared-2-name": "customer", "declared-2-type": "string",
        "declared-2-pii": "on",
    }  # fmt: skip
    answer = browser.post(url, form | {"declared-1-name": "label"})
    assert "already means something else" in unescape(answer.content.decode())
    assert 'value="customer"' in answer.content.decode()  # what was typed is still there
    assert browser.post(url, form).status_code == 302
    assert Stream.objects.get().fields == [
        {"name": "store", "type": "string", "column": "k1"},
        {"name": "customer", "type": "string", "nullable": False, "pii": True},
    ]
