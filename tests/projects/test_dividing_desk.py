"""The split of a stream at the desk: the rules and sentences that scripts meet, beside the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from projects.models import SplitPolicy
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    project = ProjectFactory(organization__slug="acme", slug="digits")
    return StreamFactory(project=project, policy__test_until=1000, policy__val_until=2000)


@pytest.fixture
def manager(stream: Any) -> Any:
    return member(stream.organization, Role.MANAGER)


@pytest.fixture
def browser(manager: Any, page: Any) -> Any:
    return page(manager)


def divide(browser: Any, *streams: Any, test: str = "", val: str = "", anew: str = "") -> Any:
    place = reverse("admin:projects_stream_changelist")
    made = browser.get(place).context
    said = {
        "action": "divide",
        "_selected_action": [stream.pk for stream in streams],
        made["desk_field"]: made["desk_here"],
    }
    if test:
        said |= {"deed_form": "1", "test_percent": test, "val_percent": val} | (
            {"anew": anew} if anew else {}
        )
    return browser.post(place, said)


def cuts(stream: Any) -> list[tuple[int, int]]:
    return list(stream.split_policies.order_by("version").values_list("test_until", "val_until"))


def test_one_is_told_how_it_is_divided_and_what_is_odd_about_it(browser: Any, stream: Any) -> None:
    ExampleFactory(stream=stream)
    asked = divide(browser, stream)
    form = asked.context["form"]
    assert (form["test_percent"].initial, form["val_percent"].initial) == ("10", "10")
    text = asked.content.decode()
    assert "Now: 10 % test, 10 % val, 80 % train." in text
    assert "Only 1 groups" in text
    assert "Snapshots that are frozen stay as they are." in text


def test_test_and_val_shrink_and_it_is_on_record(browser: Any, stream: Any, manager: Any) -> None:
    assert divide(browser, stream, test="7.5", val="5").status_code == 302
    assert cuts(stream) == [(1000, 2000), (750, 1250)]
    event = Event.objects.get(kind="stream.split_changed")
    facts = {"version": 2, "test_until": 750, "val_until": 1250, "anew": False}
    assert ({name: event.data[name] for name in facts}, event.by) == (facts, manager)


def test_growing_is_refused_beside_the_form_and_dividing_anew_does_it(browser: Any, stream: Any) -> None:
    refused = divide(browser, stream, test="20", val="10")
    assert (refused.status_code, cuts(stream)) == (200, [(1000, 2000)])
    assert "Test and val may only shrink" in refused.content.decode()
    assert refused.context["form"]["test_percent"].value() == "20"
    assert divide(browser, stream, test="20", val="10", anew="on").status_code == 302
    assert (cuts(stream), SplitPolicy.objects.values("salt").distinct().count()) == (
        [(1000, 2000), (2000, 3000)],
        2,
    )


@pytest.mark.parametrize(("test", "val"), [("60", "50"), ("-1", "0"), ("101", "0"), ("x", "0"), ("nan", "0")])
def test_shares_that_make_no_sense_are_said_and_change_nothing(
    browser: Any, stream: Any, test: str, val: str
) -> None:
    answer = divide(browser, stream, test=test, val=val)
    assert (answer.status_code, bool(answer.context["form"].errors), cuts(stream)) == (
        200,
        True,
        [(1000, 2000)],
    )


def test_it_is_one_stream_at_a_time_and_nobody_elses(browser: Any, stream: Any) -> None:
    other = StreamFactory(project=stream.project)
    for shares in ({}, {"test": "5", "val": "0"}):
        sent = divide(browser, stream, other, **shares)
        said = browser.get(sent["Location"]).content.decode()
        assert "Change the split of one stream at a time." in said
    assert cuts(stream) == [(1000, 2000)]
    foreign = StreamFactory()
    divide(browser, foreign, test="0", val="0")
    assert len(cuts(foreign)) == 1
