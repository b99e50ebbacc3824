"""The explorer: a condition counted, explained and seen while it is typed, then saved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from slices.models import Family, Slice, SliceVersion
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    project = ProjectFactory(organization__slug="acme", slug="shelves")
    return StreamFactory(slug="cam", project=project)


@pytest.fixture
def manager(page: Any, stream: Any) -> Any:
    return page(member(stream.organization, "manager"))


def url(where: str = "", part: str = "", **more: str) -> str:
    rest = "".join(f"&{name}={quote(value)}" for name, value in more.items())
    return f"/o/acme/projects/shelves/explore/{part}?stream=cam&where={quote(where)}{rest}"


def rows(stream: Any, n: int, **more: Any) -> None:
    for _each in range(n):
        ExampleFactory(stream=stream, **more)


def test_the_page_counts_each_part_and_shows_the_newest(manager: Any, stream: Any) -> None:
    rows(stream, 3, k1="a", confidence=0.4)
    rows(stream, 2, k1="a", confidence=0.9)
    rows(stream, 4, k1="b", confidence=0.4)
    answer = manager.get(url("store = 'a' and confidence < 0.6"))
    parts = [(row["part"].text, row["part"].alone.n, row["part"].left.n) for row in answer.context["parts"]]
    assert parts == [("store = 'a'", 5, 5), ("confidence < 0.6", 7, 3)]
    assert answer.context["whole"].n == 3
    newest = stream.examples.filter(k1="a", confidence=0.4).order_by("-pk").values_list("key", flat=True)
    assert [row["example"].key for row in answer.context["examples"]] == list(newest)


def test_the_parts_of_the_page_are_the_same_as_the_page(manager: Any, stream: Any) -> None:
    rows(stream, 2, k1="a", label="cart", label_state="accepted")
    whole, text = manager.get(url("store = 'a'")).content.decode(), "store = 'a'"
    for part in ("count/", "found/"):
        answer = manager.get(url(text, part))
        assert answer.status_code == 200
        assert len(answer.content) < 20_000
        words = [line.strip() for line in answer.content.decode().splitlines() if "csrf" not in line]
        assert [line for line in words if line and "token=" not in line and line not in whole] == []


def test_removing_a_part_edits_the_text(manager: Any, stream: Any) -> None:
    answer = manager.get(url("store = 'a' and confidence < 0.6 and label is null"))
    assert [row["without"] for row in answer.context["parts"]] == [
        "confidence < 0.6 and label is null",
        "store = 'a' and label is null",
        "store = 'a' and confidence < 0.6",
    ]
    [alone] = manager.get(url("store = 'a' or label is null")).context["parts"]
    assert alone["without"] == ""
    [_one, other] = manager.get(url("store = 'a' and (label = 'x' or label = 'y')")).context["parts"]
    assert other["without"] == "store = 'a'"


def test_a_mistake_is_underlined_at_its_spot_and_what_was_meant_is_a_press_away(manager: Any) -> None:
    answer = manager.get(url("confidence < 0.6 and lable = 'x'"))
    assert [(piece.text, piece.wrong) for piece in answer.context["pieces"]] == [
        ("confidence < 0.6 and ", False),
        ("lable", True),
        (" = 'x'", False),
    ]
    [mistake] = answer.context["mistakes"]
    assert ("label", "confidence < 0.6 and label = 'x'") in mistake.meant
    assert "<mark>lable</mark>" in answer.content.decode()


def test_a_text_that_breaks_off_is_told_how_it_may_go_on(manager: Any) -> None:
    [mistake] = manager.get(url("confidence <")).context["mistakes"]
    assert mistake.detail.startswith("It breaks off here. Next comes one of:")


def test_what_is_odd_is_said(manager: Any, stream: Any) -> None:
    rows(stream, 1, label=None)
    answer = manager.get(url("label <> 'cart'"))
    assert [hint.text for hint in answer.context["hints"]] == [
        "Reads every example: add a time or a promoted attribute",
        "Includes rows with no label",
    ]
    answer = manager.get(url("store = 'a' and store = 'b'"))
    assert [hint.text for hint in answer.context["hints"]] == [
        "No example can ever meet this, or a part of it"
    ]


def test_a_parameter_makes_a_family_of_it(manager: Any, stream: Any) -> None:
    rows(stream, 3, k1="a")
    rows(stream, 1, k1="b")
    rows(stream, 2, k1=None)
    answer = manager.get(url("store = $store"))
    childhood = answer.context["children"]
    assert (childhood.field, childhood.n, childhood.largest) == (
        "store",
        2,
        [("a", 3, False), ("b", 1, False)],
    )
    assert "Save as a family" in answer.content.decode()


def test_the_mix_tells_labels_from_guesses(manager: Any, stream: Any) -> None:
    rows(stream, 2, label="cart", label_state="accepted", predicted="spill")
    rows(stream, 1, predicted="cart")
    rows(stream, 1, predicted="spill")
    found = manager.get(url()).context["found"]
    assert [(row.name, row.labeled, row.guessed) for row in found.classes] == [
        ("cart", 2, 1),
        ("spill", 0, 1),
    ]
    assert (found.n, found.labeled, found.whole) == (4, 2, True)


def test_the_chart_counts_by_day(manager: Any, stream: Any) -> None:
    now = timezone.now()
    rows(stream, 2, captured_at=now - timedelta(days=1))
    rows(stream, 1, captured_at=now - timedelta(days=1), label="x", label_state="accepted")
    chart = manager.get(url()).context["found"].chart
    assert (max(chart.series[0].values), max(chart.series[1].values)) == (3, 1)
    assert len(chart.x) == 7


def test_who_answered_what_is_not_for_everybody(page: Any, stream: Any) -> None:
    viewer = page(member(stream.organization, "viewer", stream.project))
    answer = viewer.get(url("annotator = 'mo'"))
    [mistake] = answer.context["mistakes"]
    assert mistake.detail.startswith("You may not ask for annotator")
    assert "whole" not in answer.context
    names = [one["text"] for one in viewer.get(url("anno", "complete/", cursor="4")).json()["completions"]]
    assert "annotator" not in names


def test_only_managers_save(page: Any, stream: Any) -> None:
    viewer = page(member(stream.organization, "viewer", stream.project))
    assert "Save as a slice" not in viewer.get(url("store = 'a'")).content.decode()
    assert viewer.get(url("store = 'a'", "save/")).status_code == 403
    assert viewer.post(url(part="save/"), {"stream": "cam", "name": "x"}).status_code == 403
    assert Slice.objects.count() == 0


def save(manager: Any, where: str, **more: Any) -> Any:
    asked = {"stream": "cam", "where": where, "labels": "any", "splits": ["train"], "min_size": "0"}
    return manager.post("/o/acme/projects/shelves/explore/save/", asked | more)


def test_a_condition_becomes_a_slice_with_its_window_labels_and_splits(manager: Any, stream: Any) -> None:
    more = {"window_length": "60d", "window_clock": "captured_at", "splits": ["train", "val"]}
    answer = save(manager, "store = 'a'", name="Store a", **more)
    assert (answer.status_code, answer["Location"]) == (303, "/o/acme/projects/shelves/slices/store-a/")
    version = SliceVersion.objects.get()
    assert (version.condition["op"], version.window, version.labels, version.splits) == (
        "=",
        {"clock": "captured_at", "length": "60d"},
        "any",
        ["train", "val"],
    )
    assert manager.get(answer["Location"]).status_code == 200


def test_a_name_that_is_taken_and_a_length_that_is_none_stand_beside_their_fields(
    manager: Any, stream: Any
) -> None:
    save(manager, "store = 'a'", name="Store a")
    answer = save(manager, "store = 'b'", name="Store a", window_length="soon", splits=[])
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"slug", "window_length", "splits"}
    assert save(manager, "store = 'b'", name="!!!").context["form"].errors == {
        "slug": ["This name makes no address: say one, of letters and digits."]
    }


def test_a_mistake_goes_back_to_the_explorer(manager: Any, stream: Any) -> None:
    answer = save(manager, "lable = 'a'", name="x")
    assert answer.status_code == 303
    assert answer["Location"].startswith("/o/acme/projects/shelves/explore/?stream=cam&where=lable")


def test_a_condition_with_a_parameter_becomes_a_family(manager: Any, stream: Any) -> None:
    rules = {"new_values": "proposed", "trains": "together", "gone_after_days": "7"}
    answer = save(manager, "store = $store and confidence < 0.8", name="Per store", **rules)
    family = Family.objects.get()
    assert (family.new_values, family.trains, family.gone_after_days) == ("proposed", "together", 7)
    assert family.slice.versions.get().params == {"store": "string"}
    assert manager.get(answer["Location"]).status_code == 303  # a family has a page of its own


def test_editing_a_slice_makes_its_next_version_and_keeps_what_is_not_asked(
    manager: Any, stream: Any
) -> None:
    save(manager, "store = 'a'", name="Store a")
    SliceVersion.objects.update(max_size=50, random_only=True)
    shown = manager.get(url("store = 'a'", edit="store-a")).content.decode()
    assert "Save the next version" in shown
    answer = save(manager, "store = 'b'", edit="store-a")
    assert answer["Location"] == "/o/acme/projects/shelves/slices/store-a/"
    latest = SliceVersion.objects.get(version=2)
    assert (latest.condition["args"][1], latest.max_size, latest.random_only) == ("b", 50, True)
    save(manager, "store = 'b'", edit="store-a")
    assert SliceVersion.objects.count() == 2
    circle = manager.get(url("slice('store-a')", edit="store-a")).context["mistakes"]
    assert "store-a" in circle[0].detail


def test_completion_helps_where_the_cursor_is(manager: Any, stream: Any) -> None:
    rows(stream, 2, k1="north")
    found = manager.get(url("store = 'n", "complete/", cursor="10")).json()["completions"]
    assert [(one["text"], one["replace"]) for one in found] == [("'north'", [8, 10])]
    assert manager.get(url("store", "complete/", cursor="-1")).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "label = '\x00'",
        "not " * 4000 + "label = 'x'",
        "(" * 9000,
        "x" * 30_000,
        "label = '\ud7ff'",
        "💧 = 1",
    ],
)
def test_odd_texts_are_mistakes_not_failures(manager: Any, stream: Any, text: str) -> None:
    for part in ("", "count/", "found/"):
        assert manager.get(url(text, part)).status_code == 200
    assert manager.get(url(text, "complete/", cursor="1")).status_code == 200


def test_a_stream_of_another_project_is_not_there(manager: Any, stream: Any) -> None:
    other = StreamFactory(slug="other", project=ProjectFactory(organization=stream.organization))
    for part in ("", "count/", "found/", "complete/", "save/"):
        answer = manager.get(f"/o/acme/projects/shelves/explore/{part}?stream={other.slug}&cursor=0")
        assert answer.status_code == 404


def test_a_project_without_a_stream_says_so(page: Any, stream: Any) -> None:
    ProjectFactory(organization=stream.organization, slug="bare")
    manager = page(member(stream.organization, "manager"))
    answer = manager.get("/o/acme/projects/bare/explore/")
    assert "This project has no stream yet" in answer.content.decode()
    assert manager.get("/o/acme/projects/bare/explore/count/").status_code == 404


def test_the_queries_do_not_grow_with_what_is_found(manager: Any, stream: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert manager.get(url("confidence < 0.6")).status_code == 200
        return len(seen)

    rows(stream, 1, confidence=0.5)
    one = queries()
    rows(stream, 12, confidence=0.5)
    assert queries() == one
