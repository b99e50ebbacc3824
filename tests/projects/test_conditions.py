"""The condition language: two forms, one meaning, exact complements, clear errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from projects.conditions import Condition, ConditionError
from projects.conditions.canonical import canonical, definition_hash
from projects.conditions.doubts import truth
from projects.conditions.evaluating import row_of
from projects.conditions.moments import iso_length
from projects.conditions.nodes import walk
from projects.conditions.text import parse, show
from tests.factories import ExampleFactory, StreamFactory

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
STORES = ["a", "b", "it's", 'q"uote', "x\\y", "50%", "ü_"]
FIELDS = [
    {"name": "store", "type": "string", "column": "k1"},
    {"name": "weight", "type": "number", "column": "n1"},
    {"name": "camera", "type": "string"},
    {"name": "height", "type": "number"},
    {"name": "lit", "type": "boolean"},
    {"name": "kind", "type": "enum", "enum": ["x", "y"]},
    {"name": "seen_at", "type": "timestamp"},
    {"name": "tags", "type": "string[]"},
]

# Times as they may lie in JSON: in every way that is taken at the door, and in ways that no cast survives.
SEEN = [
    "2026-05-20T08:00:00Z", "2026-05-31t23:59:59.9999999z", "2026-04-30 08:00:00+02:00", "2024-02-29T00:00:00-0330",
    "2026-03-15T12:00:00.123456789+15:59", "2025-12-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-05-20", "2026-05-20T08:00:00", "0000-01-01T00:00:00Z",
    "2026-05-20T08:00:00+23:00", "2026-05-20T24:00:00Z", "2026-05-20T08:00:60Z", "now", "infinity", "", 5, True,
    None, ["2026-05-20T08:00:00Z"], {"at": "2026-05-20T08:00:00Z"}, "2026-05-20T08:00:00Z\n", "٢٠٢٦-05-20T08:00:00Z",
]  # fmt: skip


def prop(name: str) -> dict[str, str]:
    return {"property": name}


texts = st.sampled_from([prop(name) for name in ("store", "camera", "label", "key", "prediction", "text")])
numbers = st.sampled_from([prop(name) for name in ("weight", "height", "confidence", "id")])
words = st.sampled_from([*STORES, "%", "_", "a%", "%'%", "\\"])
figures = st.integers(-3, 3) | st.floats(-3, 3, allow_nan=False).map(lambda n: round(n, 2))
times = st.integers(0, 80).map(lambda days: {"timestamp": (AS_OF - timedelta(days=days)).isoformat()})
clocks = st.sampled_from([prop(name) for name in ("captured_at", "labeled_at", "seen_at")])
tags = st.lists(st.sampled_from(["blurry", "dark", "it's", "a"]), min_size=1, max_size=3)
lengths = st.sampled_from(["P1D", "P1M", "P1Y6M", "P2W", "PT36H", "P1DT12H"])


def leaf(op: Any, *args: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(op if isinstance(op, st.SearchStrategy) else st.just(op), *args).map(
        lambda parts: {"op": parts[0], "args": list(parts[1:])}
    )


leaves = st.one_of(
    leaf(st.sampled_from(["=", "<>"]), texts, words),
    leaf(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), numbers, figures),
    leaf("between", numbers, figures, figures),
    leaf("in", texts, st.lists(words, min_size=1, max_size=3)),
    leaf("in", numbers, st.lists(figures, min_size=1, max_size=3)),
    leaf("like", texts, words),
    leaf("like", texts, words, st.just("casei")),
    leaf("isNull", texts | numbers | clocks | st.just(prop("tags"))),
    leaf(st.sampled_from(["a_overlaps", "a_contains"]), st.just(prop("tags")), tags),
    leaf("x_within", clocks, lengths, times),
    leaf("between", clocks, times, times),
    leaf(st.sampled_from(["=", "<>"]), st.just(prop("disagree.model_human")), st.booleans()),
    leaf("x_disagrees", st.just("model"), st.just("human")),
    leaf(st.sampled_from(["=", "<>"]), st.just(prop("lit")), st.booleans()),
    leaf(st.sampled_from(["=", "<>"]), st.just(prop("kind")), st.sampled_from(["x", "y"])),
    leaf(st.sampled_from(["<", ">="]), clocks, times),
    leaf("x_within_last", clocks, st.sampled_from(["90s", "15m", "2h", "30d", "4w"])),
    leaf("x_hash_sample", st.sampled_from([0, 10, 33.3, 100]), st.sampled_from(["s", "it's"])),
    leaf("x_split", st.sampled_from(["train", "val", "test"])),
)
# What a row alone cannot decide, and parameters: for the forms of a condition only.
elsewhere = st.one_of(
    leaf("x_slice", st.sampled_from(["all-eu", "all-eu@latest", "holdout@7"])),
    leaf("x_disagrees", st.just("annotators")),
    leaf("x_disagrees", words, words),
    leaf("=", texts, st.just({"param": "store"})),
    leaf("like", texts, st.just({"param": "store"})),
    leaf("in", texts, st.lists(words | st.just({"param": "store"}), min_size=1, max_size=3)),
    leaf("x_within", clocks, lengths, st.just({"param": "until"})),
    leaf(
        "=",
        st.sampled_from(
            [
                prop(name)
                for name in ("P1M", "of", "any", "pred.my model.label", "label_count.3", "pred.m-1.conf")
            ]
        ),
        words,
    ),
)


def joined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        parts,
        lambda inner: st.one_of(
            leaf("not", inner),
            st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)).map(
                lambda parts: {"op": parts[0], "args": parts[1]}
            ),
        ),
        max_leaves=8,
    )


conditions = joined(leaves)


@given(joined(leaves | elsewhere))
def test_what_is_printed_reads_back_as_the_same(node: dict[str, Any]) -> None:
    assert parse(show(node)) == node


@given(joined(leaves | elsewhere))
def test_the_canonical_form_is_its_own_and_keeps_its_hash(node: dict[str, Any]) -> None:
    once = canonical(node)
    assert canonical(once) == once
    assert definition_hash(once) == definition_hash(node)
    assert definition_hash({"op": "not", "args": [{"op": "not", "args": [node]}]}) == definition_hash(node)


class OnRows(TestCase):
    """The same conditions in PostgreSQL, over rows with NULLs, missing keys and values of wrong types."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.stream = StreamFactory(fields=FIELDS, policy__test_until=3000, policy__val_until=5000)
        odd: list[dict[str, Any]] = [
            {},
            {"camera": None, "height": None, "lit": None, "kind": None},
            {"camera": 5, "height": "tall", "lit": "yes", "kind": 1},
            {"camera": "a", "height": 2, "lit": True, "kind": "x"},
            {"camera": "it's", "height": -1.5, "lit": False, "kind": "y"},
            {"camera": ["a"], "height": {"n": 1}, "lit": 1},
        ]
        lists: list[Any] = [
            ["blurry"], ["blurry", "dark"], [], ["dark", 5], "blurry", {"blurry": 1}, [["a"]], None, ["it's", "a"],
        ]  # fmt: skip
        for index in range(40):
            attributes = odd[index % len(odd)] | {
                "tags": lists[index % 9],
                "seen_at": SEEN[index % len(SEEN)],
            }
            if index % 13 == 6:
                del attributes["tags"], attributes["seen_at"]
            ExampleFactory(
                stream=cls.stream,
                key=[*STORES, f"k{index}"][index % 8] + (f"-{index}" if index >= 8 else ""),
                k1=([*STORES, None])[index % 8],
                n1=[None, -2.0, 0.0, 1.5, 3.0][index % 5],
                attributes=attributes,
                label=[None, "a", "A", "50%"][index % 4],
                predicted=[None, "b"][index % 2],
                confidence=[None, 0.1, 0.5, 1.0][index % 4],
                bucket=index * 250,
                captured_at=AS_OF - timedelta(days=index * 2),
                labeled_at=None if index % 3 else AS_OF - timedelta(hours=index),
            )

    def members(self, node: Any) -> set[int]:
        condition = Condition.from_json(node, self.stream)
        return set(self.stream.examples.filter(condition.q(AS_OF)).values_list("pk", flat=True))

    @settings(max_examples=120)
    @given(node=conditions)
    def test_the_database_and_the_reference_agree(self, node: dict[str, Any]) -> None:
        condition = Condition.from_json(node, self.stream)
        expected = {
            row.pk for row in self.stream.examples.all() if condition.matches(row_of(row, self.stream), AS_OF)
        }
        assert self.members(node) == expected

    @settings(max_examples=60)
    @given(node=conditions)
    def test_not_is_the_exact_complement(self, node: dict[str, Any]) -> None:
        inside, outside = self.members(node), self.members({"op": "not", "args": [node]})
        assert inside & outside == set()
        assert len(inside | outside) == 40

    @settings(max_examples=60)
    @given(node=conditions)
    def test_the_canonical_form_has_the_same_members(self, node: dict[str, Any]) -> None:
        assert self.members(canonical(node)) == self.members(node)

    @settings(max_examples=80)
    @given(node=conditions)
    def test_what_is_said_to_be_always_so_is(self, node: dict[str, Any]) -> None:
        said = truth(node)
        assert said is None or len(self.members(node)) == (40 if said else 0)

    def test_times_inside_json_are_read_as_the_database_reads_them(self) -> None:
        field = Condition(None, self.stream).expression("seen_at")
        rows = self.stream.examples.annotate(seen=field).order_by("pk")
        assert [row.seen for row in rows] == [row_of(row, self.stream)["seen_at"] for row in rows]
        assert len({row.seen for row in rows if row.seen}) == 6

    def test_a_month_before_a_moment_is_one_of_the_calendar_in_its_own_zone(self) -> None:
        for end, length, start in (
            ("2026-03-31T00:00:00+02:00", "P1M", "2026-02-28T00:00:00+02:00"),
            ("2024-03-31T12:00:00Z", "P1M", "2024-02-29T12:00:00Z"),
            ("2024-02-29T00:00:00Z", "P1Y", "2023-02-28T00:00:00Z"),
            ("2026-01-15T00:00:00Z", "P1M1DT1H", "2025-12-13T23:00:00Z"),
        ):
            found = iso_length(length)
            assert found is not None
            assert found.before(datetime.fromisoformat(end)) == datetime.fromisoformat(start)
        assert [
            iso_length(text) for text in ("P", "PT", "P0D", "P1H", "1M", "P101Y", "P-1M", "P1.5D", 3)
        ] == [None] * 9

    def test_the_end_of_a_window_is_not_in_it_and_its_beginning_is(self) -> None:
        here = {"op": "=", "args": [prop("key"), "a-8"]}
        at = AS_OF - timedelta(days=16)
        ends = {at: 0, at + timedelta(microseconds=1): 1, at + timedelta(days=1): 1}
        ends[at + timedelta(days=1, microseconds=1)] = 0
        for end, n in ends.items():
            within = {"op": "x_within", "args": [prop("captured_at"), "P1D", {"timestamp": end.isoformat()}]}
            assert len(self.members({"op": "and", "args": [here, within]})) == n
            last = Condition.from_text("captured_at within last 1d and key = 'a-8'", self.stream)
            assert self.stream.examples.filter(last.q(end)).count() == n

    def test_the_text_of_the_documentation_works(self) -> None:
        text = "store = 'a' and captured_at within last 60d and (label in ('x', 'a') or confidence < 0.6)"
        condition = Condition.from_text(text, self.stream)
        assert condition.text == text
        assert [clause.text for clause in condition.clauses()] == [
            "store = 'a'",
            "captured_at within last 60d",
            "label in ('x', 'a') or confidence < 0.6",
        ]
        condition.q(AS_OF)

    def test_no_condition_is_everything(self) -> None:
        everything = Condition.from_text("  ", self.stream)
        assert (everything.json, everything.text, self.members(None)) == (
            None,
            "",
            set(self.stream.examples.values_list("pk", flat=True)),
        )

    def codes(self, value: Any) -> list[str]:
        make = Condition.from_text if isinstance(value, str) else Condition.from_json
        with pytest.raises(ConditionError) as caught:
            make(value, self.stream)
        return [error["code"] for error in caught.value.errors]

    def test_every_error_is_told_at_once_with_its_spot(self) -> None:
        text = "lable = 'x' and confidence = 'high' and store > 'a'"
        with pytest.raises(ConditionError) as caught:
            Condition.from_text(text, self.stream)
        spots = [(e["code"], e["pointer"], text[slice(*e["span"])]) for e in caught.value.errors]
        assert spots == [
            ("unknown_field", "/args/0/args/0", "lable"),
            ("type_mismatch", "/args/1/args/1", "confidence = 'high'"),
            ("op_not_allowed", "/args/2", "store > 'a'"),
        ]
        assert caught.value.errors[0]["did_you_mean"][0] == "label"
        assert caught.value.errors[2]["allowed"] == ["=", "<>", "in", "like", "isNull"]

    def test_a_text_that_cannot_be_read_says_where_and_what_was_expected(self) -> None:
        with pytest.raises(ConditionError) as caught:
            Condition.from_text("store = 'a' and\n or label = 'b'", self.stream)
        (error,) = caught.value.errors
        assert (error["code"], error["line"], error["column"]) == ("syntax", 2, 2)
        assert "a field" in error["expected"]

    def test_bad_conditions_are_refused_by_code(self) -> None:
        deep: Any = {"op": "isNull", "args": [prop("store")]}
        for _level in range(13):
            deep = {"op": "not", "args": [deep]}
        end = {"timestamp": "2026-01-01T00:00:00Z"}
        wide = {"op": "or", "args": [{"op": "isNull", "args": [prop("store")]}] * 200}
        table: list[tuple[Any, list[str]]] = [
            (deep, ["too_deep"]),
            (wide, ["too_many"]),
            ({"op": "in", "args": [prop("store"), ["a"] * 1001]}, ["too_many"]),
            ({"op": "in", "args": [prop("store"), []]}, ["type_mismatch"]),
            ({"op": "xor", "args": []}, ["bad_node"]),
            ({"op": "and", "args": [deep["args"][0]["args"][0]]}, ["arity"]),
            ({"op": "="}, ["bad_node"]),
            ([], ["bad_node"]),
            (3, ["bad_node"]),
            ({"op": "=", "args": ["store", "a"]}, ["bad_node"]),
            ({"op": "=", "args": [prop("store"), "a\x00"]}, ["type_mismatch"]),
            ({"op": "=", "args": [prop("store"), "\ud800"]}, ["type_mismatch"]),
            ({"op": "=", "args": [prop("weight"), float("nan")]}, ["type_mismatch"]),
            ({"op": "=", "args": [prop("weight"), 10**400]}, ["type_mismatch"]),
            ({"op": "=", "args": [prop("weight"), True]}, ["type_mismatch"]),
            ({"op": "=", "args": [prop("kind"), "z"]}, ["type_mismatch"]),
            ({"op": "<", "args": [prop("captured_at"), {"timestamp": "2026-01-01"}]}, ["bad_timestamp"]),
            ({"op": "x_within_last", "args": [prop("captured_at"), "60 days"]}, ["bad_duration"]),
            ({"op": "x_hash_sample", "args": [101, "s"]}, ["type_mismatch"]),
            ({"op": "x_split", "args": ["holdout"]}, ["type_mismatch"]),
            (
                {
                    "op": "x_within",
                    "args": [prop("captured_at"), "60d", {"timestamp": "2026-01-01T00:00:00Z"}],
                },
                ["bad_duration"],
            ),
            ({"op": "x_within", "args": [prop("captured_at"), "P1M", "2026"]}, ["bad_timestamp"]),
            ({"op": "x_within", "args": [prop("captured_at"), "P1M"]}, ["arity"]),
            ({"op": "a_overlaps", "args": [prop("tags"), "blurry"]}, ["type_mismatch"]),
            ({"op": "a_overlaps", "args": [prop("tags"), [1]]}, ["type_mismatch"]),
            ({"op": "a_contains", "args": [prop("tags"), ["a"] * 1001]}, ["too_many"]),
            ({"op": "a_contains", "args": [prop("store"), ["a"]]}, ["op_not_allowed"]),
            ({"op": "=", "args": [prop("tags"), ["a"]]}, ["op_not_allowed"]),
            (
                {"op": "=", "args": [prop("seen_at"), end]},
                ["op_not_allowed"],
            ),
            ({"op": "=", "args": [prop("store"), {"param": 3}]}, ["unknown_param"]),
            ({"op": "x_slice", "args": ["nothing"]}, ["unknown_slice"]),
            ({"op": "x_slice", "args": ["no name"]}, ["type_mismatch"]),
            ({"op": "x_slice", "args": [["a"]]}, ["type_mismatch"]),
            ({"op": "x_disagrees", "args": ["people"]}, ["type_mismatch"]),
            ({"op": "x_disagrees", "args": [["a"], {}]}, ["type_mismatch"]),
            ({"op": "x_disagrees", "args": ["model", "nobody"]}, ["unknown_field", "unknown_field"]),
            ("pred.nobody.label = 'a'", ["unknown_field"]),
            ("label_count.nothing > 1", ["unknown_field"]),
            ("source = 'person'", ["unknown_field"]),
            ("store = $store", ["unknown_param"]),
            ("(" * 5000, ["syntax"]),
            ("x" * 30_000, ["too_many"]),
        ]
        assert [self.codes(value) for value, _codes in table] == [codes for _value, codes in table]

    def test_nothing_in_a_value_reaches_the_database_as_sql(self) -> None:
        for nasty in ("'; DROP TABLE projects_example; --", "' OR 1=1 --", "%s", "%(x)s", "\\'"):
            assert self.members({"op": "=", "args": [prop("store"), nasty]}) == set()
            self.members({"op": "like", "args": [prop("store"), nasty]})
            self.members({"op": "x_hash_sample", "args": [50, nasty]})

    def test_a_condition_survives_json(self) -> None:
        condition = Condition.from_text("not store in ('a') and sample(10%, 's')", self.stream)
        again = Condition.from_json(json.loads(json.dumps(condition.json)), self.stream)
        assert (again.hash, again.text) == (condition.hash, condition.text)
        assert all(type(node) is dict for node in walk(condition.json))
