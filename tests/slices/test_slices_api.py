"""Slices over REST: made, changed, found, tried before they are saved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from slices.definitions.actions import change_slice, current
from slices.definitions.freshness import fold_all
from slices.models import Slice
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import ExampleFactory, ProjectFactory, QueueFactory, StreamFactory, member
from tests.slices.test_definitions import ANY, labelled, slice_of
from tests.slices.test_looking import where

pytestmark = pytest.mark.django_db
SLICES = "/api/v1/projects/digits/slices"
PREVIEW = "/api/v1/projects/digits/slice-preview"
VERBS = ["projects.view_project", "projects.manage_project", "projects.ingest_project"]


@pytest.fixture
def stream() -> Any:
    return StreamFactory(project=ProjectFactory(slug="digits"), slug="tags")


@pytest.fixture
def script(stream: Any, api: Any) -> Any:
    """A manager's token."""
    from teams.access.actions import issue_token

    manager = member(stream.organization, Role.MANAGER)
    _row, text = issue_token(
        organization=stream.organization, user=manager, name="test", verbs=VERBS, by=manager
    )
    client = api(text)

    class Script:
        def get(self, url: str) -> Any:
            return client.get(url)

        def post(self, url: str, **body: Any) -> Any:
            return client.post(url, body, content_type="application/json")

        def patch(self, url: str, **body: Any) -> Any:
            return client.patch(url, body, content_type="application/json")

    return Script()


def errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.content
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_a_script_makes_a_slice_with_everything_that_it_can_mean(stream: Any, script: Any) -> None:
    queue = QueueFactory(stream=stream, slug="main")
    window = {"clock": "captured_at", "kind": "calendar", "unit": "week", "last": 4, "tz": "Europe/Berlin"}
    answer = script.post(
        SLICES, slug="cart", name="Cart", stream="tags", tags=["North", "north"], text="store = 'a'", window=window,
        queues=["main"], splits=["test"], random_only=True, dedupe={"by": "camera"}, temporal_holdout="7d",
        sample={"kind": "cap_per", "by": ["label"], "max": 20}, min_size=3, max_size=30, labels="accepted",
    )  # fmt: skip
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert {name: made[name] for name in ("slug", "version", "text", "tags", "count", "speaks_of")} == {
        "slug": "cart", "version": 1, "text": "store = 'a'", "tags": ["north"], "count": 0,
        "speaks_of": ["camera", "label", "store"],
    }  # fmt: skip
    assert made["window"] == window | {"complete": True}
    assert made["sample"] == {"kind": "cap_per", "by": ["label"], "max": 20, "salt": "slice"}
    assert made["dedupe"] == {"by": "camera", "keep": "earliest"}
    assert current(Slice.objects.get()).queues == [queue.pk]
    assert script.get(f"{SLICES}/cart").json() == made
    assert script.post(SLICES, slug="cart", name="Again", stream="tags").status_code == 409


def test_what_is_not_said_stays_and_another_meaning_is_the_next_version(stream: Any, script: Any) -> None:
    made = slice_of(stream, where(stream, "store = 'a'", min_size=5), "cart")
    url = f"{SLICES}/cart"
    assert script.patch(url, name="The cart", tags=["x"]).json()["version"] == 1
    changed = script.patch(url, text="store = 'b'", version=1).json()
    assert (changed["version"], changed["min_size"], changed["text"]) == (2, 5, "store = 'b'")
    stale = script.patch(url, text="store = 'c'", version=1)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    assert script.patch(url, window={"clock": "captured_at", "length": "60d"}).json()["version"] == 3
    assert script.patch(url, window=None).json()["window"] is None
    rows = script.get(f"{url}/versions?limit=3").json()
    assert [(row["version"], row["text"]) for row in rows["results"]] == [
        (4, "store = 'b'"),
        (3, "store = 'b'"),
        (2, "store = 'b'"),
    ]
    assert script.get(rows["next"]).json()["results"][0]["text"] == "store = 'a'"
    kinds = ["slice.created", "slice.described", *["slice.changed"] * 3]
    assert list(Event.objects.about(made).order_by("pk").values_list("kind", flat=True)) == kinds


@pytest.mark.parametrize(
    "body, pointer, code",
    [
        ({"window": {"clock": "captured_at", "length": "x"}}, "/window/length", "bad_window"),
        ({"window": "60d"}, "/window/clock", "bad_window"),
        ({"sample": {"kind": "balance", "by": ["nope"]}}, "/sample/by", "unknown_field"),
        ({"sample": {"kind": "hash_percent", "percent": 5, "salt": "a\tb"}}, "/sample/salt", "bad_sample"),
        ({"dedupe": {"by": ["store"]}}, "/dedupe/by", "unknown_field"),
        ({"temporal_holdout": "soon"}, "/temporal_holdout", "bad_holdout"),
        ({"queues": ["nope"]}, "/queues", "unknown_queue"),
        ({"min_size": 5, "max_size": 4}, "/max_size", "bad_size"),
        ({"text": "nope = 3"}, "/args/0", "unknown_field"),
        ({"colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_what_is_wrong_is_said_with_its_pointer(
    stream: Any, script: Any, body: Any, pointer: str, code: str
) -> None:
    for answer in (
        script.post(SLICES, slug="cart", name="Cart", stream="tags", **body),
        script.post(PREVIEW, stream="tags", **body),
    ):
        assert errors(answer) == [(pointer, code)]
    assert not Slice.objects.exists()


def test_a_field_that_is_withheld_from_a_token_makes_no_slice(stream: Any, script: Any) -> None:
    answer = script.post(SLICES, slug="his", name="His", stream="tags", text="annotator = 'a@example.test'")
    assert (answer.status_code, Slice.objects.exists()) == (403, False)
    assert script.post(PREVIEW, stream="tags", text="annotator = 'a@example.test'").status_code == 403


def test_slices_are_found_by_words_tag_and_attribute_page_by_page(stream: Any, script: Any) -> None:
    for slug in ("cart-a", "cart-b", "other"):
        slice_of(stream, where(stream, "camera = 'left'" if slug == "cart-b" else ""), slug)
    script.patch(f"{SLICES}/other", tags=["North", "cart"])
    slugs = lambda query: [row["slug"] for row in script.get(f"{SLICES}?{query}").json()["results"]]  # noqa: E731
    assert slugs("q=CART") == ["cart-a", "cart-b", "other"]
    assert slugs("q=cart-") == ["cart-a", "cart-b"]
    assert slugs("tag=north") == ["other"]
    assert slugs("attribute=camera") == ["cart-b"]
    assert slugs("attribute=camera&tag=north") == []
    first = script.get(f"{SLICES}?q=cart&limit=2").json()
    assert [row["slug"] for row in script.get(first["next"]).json()["results"]] == ["other"]
    change_slice(slice=Slice.objects.get(slug="cart-b"), definition=ANY, by=None)
    assert slugs("attribute=camera") == [], "it no longer speaks of it"


def test_the_list_over_rest_takes_the_same_queries_for_one_and_for_three(
    stream: Any, script: Any, django_assert_num_queries: Any
) -> None:
    slice_of(stream, ANY, "one")
    script.get(SLICES)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        script.get(f"{SLICES}?q=o&tag=&attribute=")
    slice_of(stream, ANY, "two")
    slice_of(stream, ANY, "three")
    with django_assert_num_queries(len(queries)):
        assert len(script.get(f"{SLICES}?q=o").json()["results"]) == 2


def test_a_meaning_is_tried_before_it_is_saved(stream: Any, script: Any) -> None:
    queue = QueueFactory(stream=stream)
    for n in range(5):
        labelled(queue, k1="ab"[n % 2], key=f"k{n}", captured_at=timezone.now() - timedelta(days=n * 20 + 1))
    tried = script.post(PREVIEW, stream="tags", text="store = 'a'", sample={"kind": "newest", "n": 2}).json()
    assert (tried["count"], tried["exact"], tried["is_new"]) == (2, True, True)
    assert [row["key"] for row in tried["examples"]] == ["k2", "k0"]
    assert tried["said"] == [
        "from the beginning",
        "store = 'a'",
        "with an accepted label",
        "in the split train",
        "the newest 2",
    ]
    slice_of(stream, where(stream, "store = 'a'"), "from-a")
    same = script.post(PREVIEW, stream="tags", slice="from-a").json()
    assert (same["count"], same["is_new"]) == (3, False)
    changed = script.post(PREVIEW, stream="tags", slice="from-a", min_size=9).json()
    assert (changed["count"], changed["is_new"], Slice.objects.count()) == (3, True, 1)
    circle = script.post(PREVIEW, stream="tags", slice="from-a", text="slice('from-a')")
    assert errors(circle) == [("/args/0", "cycle")]


def test_a_funnel_says_where_the_others_went(stream: Any, script: Any) -> None:
    for key, store in ("one", "a"), ("two", "b"), ("three", "b"):
        ExampleFactory(stream=stream, key=key, k1=store)
    slice_of(stream, where(stream, "store = 'a'"), "from-a")
    told = script.get(f"{SLICES}/from-a/funnel").json()
    assert told["steps"][:3] == [
        {"step": "stream", "n": 3, "removed": 0},
        {"step": "window", "n": 3, "removed": 0},
        {"step": "condition", "n": 1, "removed": 2},
    ]
    assert script.get(f"{SLICES}/from-a/funnel?as_of=2020-01-01T00:00:00Z").json()["steps"][1]["n"] == 0


def test_what_arrives_is_in_at_the_next_look_and_out_when_it_no_longer_meets_the_condition(
    stream: Any, script: Any
) -> None:
    """Nobody files anything, and nothing is rebuilt: the real clock's part is called as the clock calls it."""
    from slices.definitions.recounting import begin

    script.post(SLICES, slug="dim", name="Dim", stream="tags", labels="any", text="weight < 5")
    everything = ["train", "val", "test"]
    assert script.patch(f"{SLICES}/dim", splits=everything).json()["count"] == 0
    assert begin(current(Slice.objects.get())).is_live
    examples = "/api/v1/projects/digits/streams/tags/examples"
    look = lambda: script.get(f"{SLICES}/dim").json()["count"]  # noqa: E731
    began = timezone.now()

    def send(weight: float) -> None:
        row = {"key": "one", "captured_at": (began - timedelta(hours=1)).isoformat()}
        answer = script.post(examples, examples=[row | {"attributes": {"weight": weight}}])
        assert answer.status_code == 200, answer.content

    def listed() -> Any:
        fold_all(timezone.now())
        from slices.definitions.figures import figures

        version = current(Slice.objects.get())
        return figures(stream.organization, [version])[version.pk].members

    send(1)
    assert (look(), listed()) == (1, 1)
    assert script.post(PREVIEW, stream="tags", slice="dim").json()["examples"][0]["key"] == "one"
    send(9)
    assert (look(), listed()) == (0, 0)
    send(2)
    assert (look(), listed()) == (1, 1)
