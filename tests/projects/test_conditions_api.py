"""Reading a stream by a condition, and trying a condition, over REST."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.postgres.indexes import BrinIndex
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.conditions import api as doors
from projects.conditions import counting
from projects.conditions.fields import CORE
from projects.models import Example
from projects.schemas.fields import NUMBER_COLUMNS, TEXT_COLUMNS
from tests.factories import (
    ExampleFactory,
    ProjectFactory,
    SliceFactory,
    SliceVersionFactory,
    StreamFactory,
    token,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream():
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    for index in range(5):
        ExampleFactory(stream=stream, key=f"e{index}", k1="ab"[index % 2], confidence=index / 10)
    return stream


@pytest.fixture
def script(stream, api):
    return api(token(stream.organization, stream.project)[1])


LED = ["organization", "stream"]
URL = "/api/v1/projects/digits/streams/tags"


def test_a_condition_reads_the_stream_page_by_page(script) -> None:
    where = {"where": "store = 'a' and confidence < 0.4", "limit": 1}
    first = script.get(f"{URL}/examples", where).json()
    second = script.get(first["next"]).json()
    assert [row["key"] for row in first["results"] + second["results"]] == ["e0", "e2"]
    assert second["next"] is None
    assert first["results"][0]["split"] == "train"


def test_a_condition_is_counted_clause_by_clause(script) -> None:
    answer = script.post(
        f"{URL}/conditions", {"text": "store = 'a' and confidence < 0.4"}, content_type="application/json"
    ).json()
    assert (answer["count"], answer["exact"]) == (2, True)
    assert [(clause["text"], clause["count"]) for clause in answer["clauses"]] == [
        ("store = 'a'", 3),
        ("confidence < 0.4", 4),
    ]
    same = script.post(
        f"{URL}/conditions", {"condition": answer["condition"]}, content_type="application/json"
    ).json()
    assert same["hash"] == answer["hash"]


def test_an_unknown_field_is_a_problem_with_its_spot(script) -> None:
    for answer in (
        script.get(f"{URL}/examples", {"where": "stor = 'a'"}),
        script.post(f"{URL}/conditions", {"text": "stor = 'a'"}, content_type="application/json"),
    ):
        problem = answer.json()
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        (error,) = problem["errors"]
        assert (error["code"], error["pointer"], error["span"], error["did_you_mean"][0]) == (
            "unknown_field",
            "/args/0",
            [0, 4],
            "store",
        )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": "0"}, 422),
        ({"limit": "x"}, 422),
        ({"limit": "1" * 30}, 422),
        ({"after": "-1"}, 422),
        ({"wher": "x"}, 400),
        ({"where": "\x00"}, 422),
        ({"where": "(" * 10_000}, 422),
    ],
)
def test_bad_parameters_are_problems(script, query, status) -> None:
    answer = script.get(f"{URL}/examples", query)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_foreign_and_unknown_streams_are_the_same_404(stream, api) -> None:
    other = ProjectFactory()
    stranger = api(token(other.organization, other)[1])
    foreign, unknown = (
        stranger.get(f"{URL}/examples"),
        stranger.get("/api/v1/projects/no/streams/no/examples"),
    )
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json() == unknown.json()


def check(script, **body):
    answer = script.post(f"{URL}/conditions", body, content_type="application/json")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def errors(script, **body):
    answer = script.post(f"{URL}/conditions", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    return answer.json()["errors"]


def deep(levels: int) -> str:
    return "not " * levels + "store is null"


END = {"timestamp": "2026-01-01T00:00:00Z"}
STORE, CAPTURED = {"property": "store"}, {"property": "captured_at"}


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"text": "store = "}, "syntax", ""),
        ({"condition": {"op": "xor", "args": []}}, "bad_node", ""),
        ({"condition": {"op": "=", "args": [STORE]}}, "arity", ""),
        ({"text": deep(12)}, "too_deep", "/args/0" * 12),
        ({"text": " or ".join(["store is null"] * 200)}, "too_many", "/args/199"),
        ({"condition": {"op": "in", "args": [STORE, ["a"] * 1001]}}, "too_many", "/args/1"),
        ({"text": "stor = 'a'"}, "unknown_field", "/args/0"),
        ({"text": "not pred.nobody.conf > 0.5"}, "unknown_field", "/args/0/args/0"),
        ({"text": "store = $stor", "params": {"store": "string"}}, "unknown_param", "/args/1"),
        ({"text": "slice('nothing')"}, "unknown_slice", "/args/0"),
        ({"text": "slice('circle')", "slice": "circle"}, "cycle", "/args/0"),
        ({"text": "store > 'a'"}, "op_not_allowed", ""),
        ({"text": "weight = 'heavy'"}, "type_mismatch", "/args/1"),
        ({"condition": {"op": "x_within_last", "args": [CAPTURED, "60"]}}, "bad_duration", "/args/1"),
        ({"condition": {"op": "x_within", "args": [CAPTURED, "P", END]}}, "bad_duration", "/args/1"),
        ({"text": "captured_at < timestamp '2026-01-01'"}, "bad_timestamp", "/args/1"),
        ({"text": "", "params": {"1st": "string"}}, "bad_param", "/params/1st"),
        ({"text": "store = $s", "params": {"s": "string"}, "values": {}}, "missing_param", "/values/s"),
        (
            {"text": "store = $s", "params": {"s": "string"}, "values": {"s": 3}},
            "type_mismatch",
            "/values/s",
        ),
    ],
)
def test_every_kind_of_mistake_has_its_code_and_its_spot(stream, script, body, code, pointer) -> None:
    SliceVersionFactory(slice=SliceFactory(stream=stream, slug="circle"))
    assert [(error["code"], error["pointer"]) for error in errors(script, **body)] == [(code, pointer)]


def test_mistakes_of_every_kind_are_told_at_once(stream, script) -> None:
    SliceFactory(stream=stream, slug="hard-cases")
    text = "weight > 'x' and slice('hard-cases') and stor = 'a' and store = $store"
    found = [(error["code"], text[slice(*error["span"])]) for error in errors(script, text=text)]
    assert found == [
        ("type_mismatch", "weight > 'x'"),
        ("unknown_field", "stor"),
        ("unknown_param", "store = $store"),
        ("unknown_slice", "slice('hard-cases')"),  # it has no version yet
    ]


def test_a_check_tells_all_forms_and_what_it_leads_to(stream, script) -> None:
    SliceVersionFactory(slice=SliceFactory(stream=stream, slug="all-eu"), labels="any")
    text = "  slice('all-eu') and store in ('b', 'a', 'b') and (weight > $least and store = $s)"
    answer = check(script, text=text, params={"least": "number", "s": "string", "unused": "boolean"})
    counted = {"count": None, "exact": None, "left": None, "left_exact": None}
    assert answer == {
        "condition": answer["condition"],
        "canonical": {
            "op": "and",
            "args": [
                {"op": "x_slice", "args": ["all-eu"]},
                {"op": "in", "args": [STORE, ["a", "b"]]},
                {"op": "=", "args": [STORE, {"param": "s"}]},
                {"op": ">", "args": [{"property": "weight"}, {"param": "least"}]},
            ],
        },
        "text": text.strip(),
        "hash": answer["hash"],
        "params": {"least": "number", "s": "string"},
        "references": {"all-eu": 1},
        "count": None,
        "exact": None,
        "clauses": [
            {"text": "slice('all-eu')", **counted},
            {"text": "store in ('b', 'a', 'b')", **counted},
            {"text": "weight > $least and store = $s", **counted},
        ],
        "warnings": [],
    }
    values = {"least": -1, "s": "a"}
    with_values = check(script, condition=answer["condition"], params=PARAMS, values=values)
    assert (with_values["hash"], with_values["count"]) == (answer["hash"], 0)


PARAMS = {"least": "number", "s": "string"}


def test_clauses_are_counted_alone_and_one_after_another(stream, script) -> None:
    """e0..e4: stores a b a b a, confidences 0 to 0.4."""
    answer = check(script, text="store = 'a' and confidence < 0.4 and not key = 'e0'")
    assert [(part["text"], part["count"], part["left"]) for part in answer["clauses"]] == [
        ("store = 'a'", 3, 3),
        ("confidence < 0.4", 4, 2),
        ("not key = 'e0'", 4, 1),
    ]
    assert (answer["count"], answer["exact"], answer["warnings"]) == (1, True, [])
    everything = check(script, text=" ")
    assert (everything["count"], everything["clauses"], everything["warnings"]) == (5, [], [])


def test_no_more_are_counted_than_a_person_would_read(stream, script, monkeypatch) -> None:
    monkeypatch.setattr(counting, "COUNT_UP_TO", 2)
    answer = check(script, text="confidence < 0.4 and key = 'e0'")
    assert [(part["count"], part["exact"]) for part in answer["clauses"]] == [(2, False), (1, True)]
    assert [(part["left"], part["left_exact"]) for part in answer["clauses"]] == [(2, False), (1, True)]


def test_counting_is_one_statement_however_many_clauses(stream, script) -> None:
    counts = []
    for n in (1, 1, 3):
        with CaptureQueriesContext(connection) as queries:
            check(script, text=" and ".join(f"weight <> {n}" for n in range(n)))
        counts.append(len(queries))
    assert counts[1] == counts[2]


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("camera = 'x'", [("empty_now", "")]),
        ("camera in ('x', 'y')", [("empty_now", "")]),
        ("camera like 'x%'", [("not_indexed", ""), ("empty_now", "")]),
        ("labeled_at within last 7d", [("not_indexed", ""), ("empty_now", "")]),
        ("confidence < 0.3", [("not_indexed", "")]),
        ("confidence < 0.3 and captured_at within last 7d", []),
        ("confidence < 0.3 or store = 'a'", [("not_indexed", "")]),
        ("key = 'e1' or store = 'a'", []),
        ("not store = 'a'", [("not_indexed", "")]),
        ("store <> 'a'", [("not_indexed", "")]),
        ("store = 'a' and store = 'b'", [("always_false", ""), ("empty_now", "")]),
        ("store in ('a', 'b') and store = 'c'", [("always_false", ""), ("empty_now", "")]),
        ("store in ('a', 'b') and not store in ('b', 'a')", [("always_false", ""), ("empty_now", "")]),
        ("store = 'a' and store is null", [("always_false", ""), ("empty_now", "")]),
        ("weight > 3 and weight <= 3", [("always_false", ""), ("empty_now", "")]),
        ("weight between 5 and 3", [("always_false", ""), ("empty_now", "")]),
        ("split('train') and split('test')", [("always_false", ""), ("not_indexed", ""), ("empty_now", "")]),
        (
            "captured_at > timestamp '2026-02-01T00:00:00Z' and captured_at < timestamp '2026-01-01T00:00:00+01:00'",
            [("always_false", ""), ("empty_now", "")],
        ),
        ("store = 'a' or not store = 'a'", [("always_true", ""), ("not_indexed", "")]),
        ("store = 'a' or store <> 'a'", [("always_true", ""), ("not_indexed", "")]),
        ("sample(100%, 's')", [("always_true", ""), ("not_indexed", "")]),
        ("store = 'a' and (weight > 1 or not weight > 1)", [("always_true", "/args/1")]),
        ("store = 'a' or (confidence > 1 and confidence < 0)", [("not_indexed", "")]),
        ("weight >= 3 and weight <= 3", [("empty_now", "")]),
    ],
)
def test_what_is_odd_about_a_condition_is_a_warning(script, text, warnings) -> None:
    found = [(one["code"], one["pointer"]) for one in check(script, text=text)["warnings"]]
    assert found == warnings


def test_every_field_that_is_called_indexed_has_an_index(stream) -> None:
    columns = {index.fields[2] for index in Example._meta.indexes if index.fields[:2] == LED}
    assert columns >= {*TEXT_COLUMNS, *NUMBER_COLUMNS}
    (times,) = (index for index in Example._meta.indexes if isinstance(index, BrinIndex))
    assert {name for name, field in CORE.items() if field.is_indexed} == {"key", *times.fields}


def test_what_takes_too_long_to_count_is_a_problem_with_a_sentence(stream, script, monkeypatch) -> None:
    monkeypatch.setattr(doors, "explain", partial(counting.explain, within_ms=1))
    for index in range(300):
        ExampleFactory(stream=stream, key=f"more{index}", text="x" * 2000)
    slow = " or ".join(f"text like '%{index}%a%b%c%'" for index in range(150))
    answer = script.post(f"{URL}/conditions", {"text": slow}, content_type="application/json")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "too_slow")
    assert problem["detail"].startswith("This takes too long to count. Narrow it by a time")
    monkeypatch.undo()
    assert check(script, text="store = 'a'")["count"] == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("1min",)


@pytest.mark.parametrize(
    "body",
    [
        {"text": 3},
        {"text": "\x00"},
        {"condition": "store = 'a'"},
        {"condition": [[]]},
        {"condition": {"op": ["="], "args": {}}},
        {"condition": {"op": {"a": 1}, "args": []}},
        {"condition": {"op": "in", "args": [STORE, {"a": 1}]}},
        {"condition": {"op": "in", "args": [STORE, [[1]]]}},
        {"condition": {"op": "=", "args": [STORE, {"param": ["s"]}]}},
        {"condition": {"op": "=", "args": [STORE, {"param": "s", "more": 1}]}},
        {"condition": {"op": "x_split", "args": [["train"]]}},
        {"condition": {"op": "x_hash_sample", "args": ["10", 3]}},
        {"condition": {"op": "like", "args": [STORE, "a", "casei", 3]}},
        {"condition": {"op": "x_disagrees", "args": [None]}},
        {"condition": {"op": "x_slice", "args": [{"name": "a"}]}},
        {"text": "", "params": [1]},
        {"text": "", "params": {"s": "list"}},
        {"text": "", "params": {"s" * 100: "string"}},
        {"text": "", "values": {"s": 1}},
        {"text": "", "values": 3},
        {"text": "", "slice": "x" * 81},
        {"text": "", "more": 1},
    ],
)
def test_nonsense_is_refused_and_never_an_error_of_ours(script, body) -> None:
    answer = script.post(f"{URL}/conditions", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
