"""Parameters: declared with a type, checked when a condition is read, given values when it is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Count

from projects.conditions import Condition, ConditionError
from projects.conditions.evaluating import row_of
from tests.factories import ExampleFactory, StreamFactory

pytestmark = pytest.mark.django_db

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
FIELDS = [
    {"name": "store", "type": "string", "column": "k1"},
    {"name": "region", "type": "string"},
    {"name": "weight", "type": "number", "column": "n1"},
    {"name": "kind", "type": "enum", "enum": ["x", "y"]},
    {"name": "tags", "type": "string[]"},
    {"name": "lit", "type": "boolean"},
]
PARAMS = {"store": "string", "least": "number", "until": "timestamp", "lit": "boolean"}
TEXT = "store = $store and weight > $least and captured_at within P1M of $until and lit = $lit"
VALUES = {"store": "a", "least": 1, "until": AS_OF, "lit": True}


@pytest.fixture
def stream() -> Any:
    stream = StreamFactory(fields=FIELDS)
    for index in range(12):
        ExampleFactory(
            stream=stream,
            key=f"e{index}",
            k1="ab"[index % 2],
            n1=index,
            captured_at=AS_OF - timedelta(days=7 * index),
            attributes={"region": ["north", "south"][index % 3 == 0], "lit": index % 4 == 0, "kind": "x"},
        )
    return stream


def keys(stream: Any, q: Any) -> list[str]:
    return list(stream.examples.filter(q).order_by("pk").values_list("key", flat=True))


def errors(make: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConditionError) as caught:
        make()
    return [(error["code"], error["pointer"]) for error in caught.value.errors]


def test_a_condition_with_parameters_is_used_with_values(stream: Any) -> None:
    condition = Condition.from_text(TEXT, stream, params=PARAMS)
    assert (condition.text, condition.params) == (TEXT, PARAMS)
    assert keys(stream, condition.q(AS_OF, VALUES)) == ["e4"]
    bound = condition.bound({**VALUES, "until": "2026-06-01T00:00:00+00:00"})
    assert bound.params == {}
    assert bound.text == (
        "store = 'a' and weight > 1 and "
        "captured_at within P1M of timestamp '2026-06-01T00:00:00+00:00' and lit = true"
    )
    rows = [row_of(row, stream) for row in stream.examples.order_by("pk")]
    assert [row["key"] for row in rows if condition.matches(row, AS_OF, VALUES)] == ["e4"]


def test_only_what_is_declared_may_be_used_and_in_its_type(stream: Any) -> None:
    def wrong(text: str, **params: str) -> list[tuple[str, str]]:
        return errors(lambda: Condition.from_text(text, stream, params=params))

    assert wrong("store = $stor", store="string") == [("unknown_param", "/args/1")]
    assert wrong("store = $store") == [("unknown_param", "/args/1")]
    assert wrong("store = $n", n="number") == [("type_mismatch", "/args/1")]
    assert wrong("weight in (1, $n)", n="string") == [("type_mismatch", "/args/1/1")]
    assert wrong("captured_at < $n", n="string") == [("type_mismatch", "/args/1")]
    assert wrong("", n="list") == [("bad_param", "/params/n")]
    assert wrong("", **{"no name": "string"}) == [("bad_param", "/params/no name")]
    with pytest.raises(ConditionError) as caught:
        Condition.from_text("store = $stor", stream, params={"store": "string"})
    assert caught.value.errors[0]["did_you_mean"] == ["store"]


def test_a_value_that_is_missing_or_of_another_type_is_an_error(stream: Any) -> None:
    condition = Condition.from_text(TEXT, stream, params=PARAMS)
    assert errors(lambda: condition.q(AS_OF)) == [("missing_param", f"/values/{name}") for name in PARAMS]
    odd = {"store": 3, "least": True, "until": "2026-06-01", "lit": "yes", "stor": "a"}
    assert errors(lambda: condition.q(AS_OF, odd)) == [
        ("unknown_param", "/values/stor"),
        *[("type_mismatch", f"/values/{name}") for name in PARAMS],
    ]
    unused = Condition.from_text("weight > 3", stream, params=PARAMS)
    assert keys(stream, unused.q(AS_OF, {"store": "a"})) == keys(stream, unused.q(AS_OF))
    listed = Condition.from_text("kind = $kind", stream, params={"kind": "string"})
    assert keys(stream, listed.q(AS_OF, {"kind": "y"})) == []
    assert errors(lambda: listed.q(AS_OF, {"kind": "z"})) == [("type_mismatch", "/args/1")]


def test_a_parameter_may_stand_wherever_a_value_does(stream: Any) -> None:
    text = (
        "store in ('b', $s) and region like $s casei or tags has any ($s, 'a') or not kind <> $s "
        "or weight between $n and 9 or captured_at > $t"
    )
    condition = Condition.from_text(text, stream, params={"s": "string", "n": "number", "t": "timestamp"})
    assert condition.text == text
    bound = condition.bound({"s": "x", "n": 3, "t": "2026-06-01T00:00:00Z"})
    assert bound.text == (
        "store in ('b', 'x') and region like 'x' casei or tags has any ('x', 'a') or not kind <> 'x' "
        "or weight between 3 and 9 or captured_at > timestamp '2026-06-01T00:00:00Z'"
    )


def test_a_condition_that_picks_one_value_a_parameter_is_counted_by_one_group_by(
    stream: Any, django_assert_num_queries: Any
) -> None:
    params = {"store": "string", "region": "string"}
    text = "region = $region and weight < 10 and (captured_at within last 60d and store = $store)"
    condition = Condition.from_text(text, stream, params=params)
    grouped = condition.grouped()
    assert grouped is not None
    picked, rest = grouped
    assert picked == {"region": "region", "store": "store"}
    assert rest.text == "weight < 10 and captured_at within last 60d"
    names = {f"p_{name}": condition.expression(field) for name, field in picked.items()}
    with django_assert_num_queries(1):
        rows = stream.examples.filter(rest.q(AS_OF)).annotate(**names).order_by()
        counts = {
            (row["p_store"], row["p_region"]): row["n"] for row in rows.values(*names).annotate(n=Count("pk"))
        }
    each = {
        (store, region): stream.examples.filter(
            condition.q(AS_OF, {"store": store, "region": region})
        ).count()
        for store in "ab"
        for region in ("north", "south")
    }
    assert counts == {pair: n for pair, n in each.items() if n}
    assert sum(counts.values()) > 4


@pytest.mark.parametrize(
    "text",
    [
        "store = $store",  # $other is not used
        "store = $store and region = $other and weight > 1 and tags has any ($store)",
        "store = $store and region <> $other",
        "store = $store or region = $other",
        "store = $store and not region = $other",
        "store = $store and region = $other and region = $other",
        "store = $store and region in ($other)",
        "",
    ],
)
def test_what_one_group_by_cannot_answer_is_not_grouped(stream: Any, text: str) -> None:
    params = {"store": "string", "other": "string"}
    assert Condition.from_text(text, stream, params=params).grouped() is None


def test_without_parameters_there_is_nothing_to_group_by_and_one_alone_leaves_everything(stream: Any) -> None:
    assert Condition.from_text("store = 'a'", stream).grouped() is None
    grouped = Condition.from_text("store = $s", stream, params={"s": "string"}).grouped()
    assert grouped is not None
    assert (grouped[0], grouped[1].json) == ({"s": "store"}, None)
