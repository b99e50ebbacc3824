"""Help with writing: what may stand at the cursor, and nothing that would not be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from projects.conditions.completing import complete
from projects.conditions.text import expected
from tests.factories import ExampleFactory, ModelVersionFactory, SliceFactory, StreamFactory, token

pytestmark = pytest.mark.django_db

FIELDS = [
    {"name": "store", "type": "string", "column": "k1"},
    {"name": "weight", "type": "number", "column": "n1"},
    {"name": "camera", "type": "string"},
    {"name": "lit", "type": "boolean"},
    {"name": "kind", "type": "enum", "enum": ["round", "square"]},
    {"name": "seen_at", "type": "timestamp"},
    {"name": "tags", "type": "string[]"},
]
PARAMS = {"store": "string", "least": "number"}


def a_stream() -> Any:
    stream = StreamFactory(fields=FIELDS)
    for index, store in enumerate(["north", "north", "south", "it's", None]):
        ExampleFactory(stream=stream, key=f"e{index}", k1=store, label=["cart", None][index % 2])
    ExampleFactory(k1="foreign")
    SliceFactory(stream=stream, slug="hard-cases")
    SliceFactory(slug="foreign")
    ModelVersionFactory(project=stream.project, name="prod")
    return stream


@pytest.fixture
def stream() -> Any:
    return a_stream()


def offered(stream: Any, text: str, kind: str = "") -> list[str]:
    """What is offered where the bar stands."""
    before, _bar, after = text.partition("|")
    found = complete(before + after, len(before), stream, PARAMS)
    return [one.text for one in found if kind in ("", one.kind)]


def test_at_the_beginning_there_are_fields_and_functions(stream: Any) -> None:
    assert offered(stream, "|", "field")[:4] == ["annotation_count", "annotator", "answer_seconds", "camera"]
    assert "pred.prod.label" in offered(stream, "store = 'a' and |", "field")
    assert offered(stream, "|", "function") == ["sample(", "split(", "slice(", "disagrees("]
    assert offered(stream, "|", "keyword") == ["not", "("]
    (one,) = complete("weig", 4, stream)
    assert one == ("weight", "field", "number", (0, 4))
    (one,) = complete("store = 'a' or label_s", 22, stream)
    assert one == ("label_state", "field", "enum: How far its label is", (15, 22))


def test_after_a_field_there_are_the_operators_of_its_type(stream: Any) -> None:
    assert offered(stream, "store |", "operator") == ["=", "<>", "in (", "like", "is null", "is not null"]
    assert offered(stream, "tags |") == ["has any (", "has all (", "is null", "is not null"]
    assert offered(stream, "seen_at w|") == ["within last", "within"]
    assert offered(stream, "weight < 3 and lit |") == ["=", "<>", "is null", "is not null"]


def test_after_an_operator_there_are_values(stream: Any) -> None:
    assert offered(stream, "store = |") == ["'north'", "'it''s'", "'south'", "$store"]
    assert offered(stream, "store in ('south', 'n|") == ["'north'"]
    assert offered(stream, "store = 'it''|") == ["'it''s'"]
    assert offered(stream, "store = so|") == ["'south'"]
    assert offered(stream, "label <> |", "value") == ["'cart'"]
    assert offered(stream, "kind = |", "value") == ["'round'", "'square'"]
    assert offered(stream, "kind in ('round', 's|") == ["'square'"]
    assert offered(stream, "lit = |") == ["true", "false"]
    assert offered(stream, "weight > |") == ["$least"]
    assert offered(stream, "captured_at < |") == ["timestamp '"]
    assert offered(stream, "store = $|") == ["$store"]
    assert offered(stream, "camera = |", "value") == []  # not promoted: counting it would read every example


def test_words_follow_where_the_grammar_takes_them(stream: Any) -> None:
    assert offered(stream, "store = 'a' |") == ["and", "or"]
    assert offered(stream, "(store = 'a' |") == ["and", "or", ")"]
    assert offered(stream, "store like 'a' |") == ["and", "or", "casei"]
    assert offered(stream, "seen_at within |") == ["P1D", "P1W", "P1M", "P1Y", "last"]
    assert offered(stream, "seen_at within last |") == ["24h", "7d", "30d", "60d"]
    assert offered(stream, "seen_at within P1M |") == ["of"]
    assert offered(stream, "seen_at within P1M of |") == ["timestamp '"]
    assert offered(stream, "tags has |") == ["any (", "all ("]
    assert offered(stream, "store is |") == ["not", "null"]


def test_slices_splits_and_models_are_offered_by_name(stream: Any) -> None:
    assert offered(stream, "slice(|") == ["'hard-cases'"]
    assert offered(stream, "not slice('ha|")[:1] == ["'hard-cases'"]
    assert offered(stream, "split('t|") == ["'train'", "'test'"]
    assert offered(stream, "disagrees(|") == ["'annotators'", "'model'", "'human'", "'prod'"]
    assert offered(stream, "sample(10%, |") == []


def test_a_choice_takes_the_place_of_the_whole_word(stream: Any) -> None:
    for text, whole in (
        ("store = 'no|rth' and lit = true", "store = 'north' and lit = true"),
        ("store = 'no| and kind = 'round'", "store = 'north' and kind = 'round'"),
        ("sto|re = 'a'", "store = 'a'"),
        ("lit = true and weigh|", "lit = true and weight"),
        ('"stor|', "store"),
    ):
        before, _bar, after = text.partition("|")
        (one,) = complete(before + after, len(before), stream)
        start, end = one.replace
        assert (before + after)[:start] + one.text + (before + after)[end:] == whole


def test_after_a_mistake_there_is_nothing_to_offer(stream: Any) -> None:
    for text in ("store store |", "and |", "store = = |", "§ |", "store = 'a')) |"):
        assert offered(stream, text) == []


PIECES = [
    "store", "weight", "tags", "=", "in", "(", ")", "'a'", "'", "and", "not", "within", "last", "$", "3", "has", "any",
    "P1M", "of", "slice(", ",", "%", '"', "like", "ü", "\n", "\x00", "\ud800",
]  # fmt: skip


class Anything(TestCase):
    """Whatever is typed."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.stream = a_stream()

    @settings(max_examples=150)
    @given(
        text=st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.text(),
        cursor=st.integers(-5, 60),
    )
    def test_it_never_fails_and_replaces_what_is_there(self, text: str, cursor: int) -> None:
        for one in complete(text, cursor, self.stream):
            start, end = one.replace
            assert 0 <= start <= end <= len(text)

    @settings(max_examples=60)
    @given(data=st.data())
    def test_what_is_offered_is_always_a_way_on(self, data: st.DataObject) -> None:
        text = ""
        for _step in range(10):
            found = complete(text, len(text), self.stream, PARAMS)
            if not found:
                break
            text += data.draw(st.sampled_from(found)).text
            text += "2026-01-01T00:00:00Z' " if text.endswith("timestamp '") else " "
            expected(text)  # raises where no condition begins so


def test_over_rest_the_place_is_told_in_characters(
    stream: Any, api: Any, django_assert_max_num_queries: Any
) -> None:
    script = api(token(stream.organization, stream.project)[1])
    url = f"/api/v1/projects/{stream.project.slug}/streams/{stream.slug}/conditions/complete"

    def ask(**body: Any) -> Any:
        return script.post(url, body, content_type="application/json")

    text = "  store = 'é' and store = 'so"
    assert ask(text=text, cursor=len(text)).json() == {
        "completions": [
            {"text": "'south'", "kind": "value", "detail": "1 of the newest examples", "replace": [26, 29]}
        ]
    }
    with_params = ask(text="weight > $", cursor=10, params={"n": "number"}).json()["completions"]
    assert [one["text"] for one in with_params] == ["$n"]
    for body in (
        {"text": "store"},
        {"text": "store", "cursor": -1},
        {"text": "store", "cursor": "x"},
        {"text": "store", "cursor": 1, "params": {"n": "list"}},
        {"text": "store", "cursor": 1, "more": 1},
        {"text": "x" * 20_001, "cursor": 1},
    ):
        refused = ask(**body)
        assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
