"""The page of a slice, alive while somebody looks, and two slices side by side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.conditions import Condition
from slices.definitions.actions import Definition, change_slice, create_slice, current
from slices.definitions.counting import fold
from slices.definitions.recounting import begin
from tests.factories import (
    ExampleFactory,
    ProjectFactory,
    ScheduleFactory,
    SnapshotFactory,
    StreamFactory,
    member,
)

pytestmark = pytest.mark.django_db
URL = "/o/acme/projects/shelves/slices"


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="cam", project=ProjectFactory(organization__slug="acme", slug="shelves"))


@pytest.fixture
def manager(page: Any, stream: Any) -> Any:
    return page(member(stream.organization, "manager"))


def meaning(stream: Any, text: str, **more: Any) -> Definition:
    asked = {"labels": "any", "splits": ("train",)} | more
    return Definition(condition=Condition.from_text(text, stream).json, **asked)


def slice_of(stream: Any, slug: str, text: str, **more: Any) -> Any:
    return create_slice(
        stream=stream, slug=slug, name=slug.capitalize(), definition=meaning(stream, text, **more), by=None
    )


def rows(stream: Any, n: int, **more: Any) -> None:
    attributes = {"store": more["k1"]} if "k1" in more else {}
    for _each in range(n):
        ExampleFactory(stream=stream, attributes=attributes, **more)


def test_the_strip_says_how_it_stands_and_follows_what_arrives(manager: Any, stream: Any) -> None:
    found = slice_of(stream, "north", "store = 'n'")
    assert manager.get(f"{URL}/north/").context["figure"] is None  # it is being counted
    rows(stream, 2, k1="n")
    begin(current(found))
    answer = manager.get(f"{URL}/north/now/")
    assert (answer.context["figure"].members, answer.context["figure"].labeled) == (2, 0)
    assert len(answer.context["examples"]) == 2
    rows(stream, 1, k1="n")
    fold(stream)
    answer = manager.get(f"{URL}/north/now/")
    assert answer.context["figure"].members == 3
    assert [row["example"].k1 for row in answer.context["examples"]] == ["n"] * 3
    assert len(answer.content) < 30_000


def test_the_figures_come_after_the_page_or_with_it(manager: Any, stream: Any) -> None:
    slice_of(stream, "north", "store = 'n'")
    rows(stream, 2, k1="n")
    rows(stream, 1, k1="s")
    assert b"Being reckoned" in manager.get(f"{URL}/north/").content
    for address in (f"{URL}/north/?figures=1", f"{URL}/north/figures/"):
        answer = manager.get(address)
        steps = [(row["words"], row["n"]) for row in answer.context["funnel"].value]
        assert steps[0] == ("arrived on the stream", 3)
        assert steps[2] == ("meet the condition", 2)
        assert answer.context["mix"].value["n"] == 2
        [by_store] = [made for made in answer.context["mix"].value["rest"] if made.field == "store"]
        assert [(kind.name, kind.n) for kind in by_store.kinds] == [("n", 2)]
        assert b"Being reckoned" not in answer.content


@pytest.mark.parametrize(
    ("labels", "words"), [("any", "with or without a label"), ("accepted", "have a label that counts")]
)
def test_the_funnel_asks_for_labels_only_where_the_slice_does(
    manager: Any, stream: Any, labels: str, words: str
) -> None:
    slice_of(stream, "north", "store = 'n'", labels=labels)
    answer = manager.get(f"{URL}/north/figures/")
    assert answer.context["funnel"].value[3]["words"] == words


def test_a_slice_whose_fields_were_taken_away_says_so_on_its_page(manager: Any, stream: Any) -> None:
    slice_of(stream, "north", "store = 'n'")
    stream.fields = []
    stream.save()
    for address in ("", "now/", "figures/", "?figures=1", "compare/"):
        assert manager.get(f"{URL}/north/{address}").status_code == 200
    assert "There is no field" in manager.get(f"{URL}/north/").content.decode()


def test_versions_say_what_changed(manager: Any, stream: Any) -> None:
    found = slice_of(stream, "north", "store = 'n' and weight < 3")
    change_slice(slice=found, definition=meaning(stream, "store = 'n' and weight < 5"), by=None)
    newest, first = manager.get(f"{URL}/north/").context["changes"]
    assert [chip.text for chip in newest.added] == ["weight < 5"]
    assert [chip.text for chip in newest.removed] == ["weight < 3"]
    assert (first.first, newest.first) == (True, False)


def test_references_are_shown_both_ways(manager: Any, stream: Any) -> None:
    slice_of(stream, "north", "store = 'n'")
    slice_of(stream, "north-east", "store = 'ne'")
    slice_of(stream, "light", "slice('north') and not slice('north-east@1')")
    slice_of(stream, "tale", "text = 'slice(north)'")
    assert [str(one) for one in manager.get(f"{URL}/light/").context["refers_to"]] == [
        "north",
        "north-east@1",
    ]
    assert [one.slug for one in manager.get(f"{URL}/north/").context["referred_by"]] == ["light"]
    assert [one.slug for one in manager.get(f"{URL}/north-east/").context["referred_by"]] == ["light"]
    assert manager.get(f"{URL}/light/").context["referred_by"] == []


def test_only_managers_are_offered_to_edit_and_the_explorer_opens_with_the_condition(
    manager: Any, page: Any, stream: Any
) -> None:
    slice_of(stream, "north", "store = 'n'")
    address = "/explore/?stream=cam&amp;where=store+%3D+%27n%27&amp;edit=north"
    assert address in manager.get(f"{URL}/north/").content.decode()
    viewer = page(member(stream.organization, "viewer", stream.project))
    assert "edit=north" not in viewer.get(f"{URL}/north/").content.decode()


def test_the_next_run_is_on_the_strip(manager: Any, stream: Any) -> None:
    found = slice_of(stream, "north", "store = 'n'")
    assert b"no schedule trains on it" in manager.get(f"{URL}/north/").content
    schedule = ScheduleFactory(project=stream.project, slice=found, eval_slice=found, state="active")
    schedule.next_due_at = found.created_at
    schedule.save()
    assert manager.get(f"{URL}/north/now/").context["next_run"] == found.created_at


def test_the_queries_of_a_slice_do_not_grow_with_what_is_shown(manager: Any, stream: Any) -> None:
    found = slice_of(stream, "north", "store = 'n'")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert manager.get(f"{URL}/north/?figures=1").status_code == 200
        return len(seen)

    rows(stream, 1, k1="n")
    SnapshotFactory(slice_version=current(found))
    one = queries()
    rows(stream, 3, k1="n")
    SnapshotFactory(slice_version=current(found))
    for text in ("weight < 1", "weight < 2"):
        change_slice(slice=found, definition=meaning(stream, f"store = 'n' and {text}"), by=None)
    assert queries() <= one


def test_two_slices_side_by_side(manager: Any, stream: Any) -> None:
    slice_of(stream, "north", "store = 'n'")
    slice_of(stream, "light", "weight < 5")
    rows(stream, 3, k1="n")
    rows(stream, 2, k1="n", n1=1)
    rows(stream, 1, k1="s", n1=2)
    answer = manager.get(f"{URL}/north/compare/?with=light")
    assert [(part["name"], part["n"], len(part["examples"])) for part in answer.context["parts"]] == [
        ("only_a", 3, 3),
        ("both", 2, 2),
        ("only_b", 1, 1),
    ]
    assert answer.context["bars"] == [(0.0, 50.0), (50.0, 33.33), (83.33, 16.67)]
    assert [(row["name"], row["ns"]) for row in answer.context["labels"]] == [("", [3, 2, 1])]


def test_comparing_asks_with_what_and_says_what_cannot_be(manager: Any, stream: Any) -> None:
    slice_of(stream, "north", "store = 'n'")
    assert "nothing to compare with yet" in manager.get(f"{URL}/north/compare/").content.decode()
    create_slice(
        stream=stream,
        slug="per-store",
        name="Per store",
        definition=Definition(
            condition={"op": "=", "args": [{"property": "store"}, {"param": "s"}]},
            params={"s": "string"},
            splits=("train",),
        ),
        by=None,
    )
    answer = manager.get(f"{URL}/north/compare/?with=per-store")
    assert answer.context["why_not"] == "This is a family: compare one of its children."
    assert b"There is no such slice" in manager.get(f"{URL}/north/compare/?with=nowhere").content
    other = slice_of(StreamFactory(slug="other", project=stream.project), "far", "store = 'n'")
    answer = manager.get(f"{URL}/north/compare/?with={other.slug}")
    assert (answer.status_code, answer.context["other"]) == (200, None)


def test_drift_is_told_against_the_window_before_or_what_was_frozen_or_not_at_all(
    manager: Any, stream: Any
) -> None:
    slice_of(stream, "all", "store = 'n'")
    answer = manager.get(f"{URL}/all/figures/")
    assert "nothing was frozen yet" in str(answer.context["drift"].why_not)
    slice_of(stream, "week", "", window={"clock": "captured_at", "length": "7d"})
    now = timezone.now()
    rows(stream, 220, k1="n", captured_at=now - timedelta(days=9))
    rows(stream, 220, k1="s", captured_at=now - timedelta(days=2))
    answer = manager.get(f"{URL}/week/figures/")
    panel = answer.context["drift"].value
    assert (panel.status, panel.rows[0].drift.name, panel.rows[0].status) == ("drifted", "store", "drifted")
    assert "Drifted" in answer.content.decode()
