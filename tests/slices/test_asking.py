"""How many a slice has now: the statement that is kept says what a newly made one would, whatever has changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.conditions import Condition
from slices.definitions.actions import Definition, create_slice, current
from slices.definitions.asking import kept, live_count
from slices.definitions.members import members
from slices.models import SliceVersion
from tests.factories import ExampleFactory, StreamFactory

pytestmark = pytest.mark.django_db

ALL = ("train", "val", "test")
DAY = timedelta(days=1)


def version_of(stream: Any, text: str = "", slug: str = "s", **more: Any) -> SliceVersion:
    node = Condition.from_text(text, stream, params=more.get("params", {})).json
    definition = Definition(condition=node, **{"labels": "any", "splits": ALL} | more)
    return current(create_slice(stream=stream, slug=slug, name=slug, definition=definition, by=None))


def agreed(version: SliceVersion, values: Any = None) -> int:
    """The count, asked twice so that the second is by the statement that was kept; it is that of the members."""
    told = [live_count(version, values or {}) for _time in range(2)]
    n = members(version, timezone.now(), values or {}).count()
    assert told == [(n, True)] * 2
    return n


@pytest.fixture
def stream() -> Any:
    """Six examples a day apart, of two stores, with an attribute that is in JSON only, of which two are test."""
    stream = StreamFactory()
    for number in range(6):
        ExampleFactory(
            stream=stream,
            key=f"k{number}",
            captured_at=timezone.now() - number * DAY - timedelta(minutes=1),
            k1=f"store-{number % 2}",
            attributes={"store": f"store-{number % 2}", "camera": "a" if number < 4 else 7},
            bucket=500 if number < 2 else 5000,
        )
    return stream


@pytest.mark.parametrize(
    ("text", "more", "n"),
    [
        ("", {}, 6),
        ("store = 'store-1'", {}, 3),
        ("camera = 'a'", {}, 4),
        ("camera in ('a', 'b') and not store = 'store-1'", {}, 2),
        ("not camera = 'a'", {}, 2),
        ("captured_at within last 2d", {}, 2),
        ("", {"window": {"clock": "captured_at", "length": "3d"}}, 3),
        ("", {"splits": ("train",)}, 4),
        ("split('test')", {}, 2),
        ("", {"max_size": 4}, 4),
        ("", {"labels": "accepted"}, 0),
        ("", {"splits": ("val",)}, 0),
    ],
)
def test_a_count_is_that_of_the_members(stream: Any, text: str, more: Any, n: int) -> None:
    assert agreed(version_of(stream, text, **more)) == n


def test_a_kept_statement_asks_of_its_own_moment(stream: Any) -> None:
    version = version_of(stream, "captured_at within last 2d")
    asked = kept(version, {})
    assert asked is not None
    later = timezone.now() + 3 * DAY
    rows = stream.organization.examples.filter(captured_at__gte=later - 2 * DAY)
    assert rows.count() == 0
    assert sorted(asked.moving.values()) == [-2 * DAY, timedelta(), timedelta()]
    assert sorted(value for value in asked.at(later) if value in (later, later - 2 * DAY)) == [
        later - 2 * DAY,
        later,
        later,
    ]


def test_a_window_of_the_calendar_is_asked_anew_each_time(stream: Any) -> None:
    window = {"kind": "calendar", "clock": "captured_at", "unit": "day", "last": 3, "tz": "Asia/Kathmandu"}
    version = version_of(stream, window=window)
    assert kept(version, {}) is None
    agreed(version)


def test_new_examples_are_counted(stream: Any) -> None:
    version = version_of(stream, "camera = 'a'")
    assert agreed(version) == 4
    ExampleFactory(stream=stream, attributes={"camera": "a"})
    assert agreed(version) == 5


def test_an_attribute_that_is_declared_otherwise_is_asked_otherwise(stream: Any) -> None:
    version = version_of(stream, "camera = 'a'")
    assert agreed(version) == 4
    stream.fields = [row | ({"column": "k2"} if row["name"] == "camera" else {}) for row in stream.fields]
    stream.save()
    version.slice.stream.refresh_from_db()
    assert agreed(version) == 0  # nothing is in the column yet


def test_cuts_that_moved_are_asked_by(stream: Any) -> None:
    version = version_of(stream, splits=("train",))
    assert agreed(version) == 4
    stream.split_policies.update(test_until=400, val_until=400)
    assert agreed(version) == 6


def test_a_slice_that_leans_on_another_follows_it(stream: Any) -> None:
    version_of(stream, "store = 'store-1'", slug="odd")
    version = version_of(stream, "not slice('odd')")
    assert kept(version, {}) is None
    assert agreed(version) == 3


def test_children_of_a_family_are_asked_apart(stream: Any) -> None:
    version = version_of(stream, "store = $store", params={"store": "string"})
    counts = [agreed(version, {"store": store}) for store in ("store-0", "store-1", "nowhere")]
    assert counts == [3, 3, 0]
