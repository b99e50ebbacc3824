"""Sending lines of JSON over REST: any number of rows, plain or gzip, and what a broken body leaves behind."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from django.urls import reverse

from projects.models import Example
from projects.streams.ndjson import MAX_LINE
from teams.models import Event
from tests.factories import ProjectFactory, StreamFactory, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))


@pytest.fixture
def send(stream: Any, api: Any) -> Any:
    """Send a body; the lines of the answer."""
    script = api(token(stream.organization, stream.project)[1])
    url = reverse("api-examples", kwargs={"project": "digits", "stream": "tags"})

    def post(body: bytes, options: str = "", kind: str = "application/x-ndjson", **headers: str) -> Any:
        answer = script.post(f"{url}{options}", body, content_type=kind, headers=headers)
        if not answer.streaming:
            return answer
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-ndjson")
        return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]

    return post


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def keys() -> list[str]:
    return sorted(Example.objects.values_list("key", flat=True))


def summary(created: int = 0, updated: int = 0, unchanged: int = 0, rejected: int = 0) -> dict[str, Any]:
    return {
        "done": True,
        "created": created,
        "updated": updated,
        "unchanged": unchanged,
        "rejected": rejected,
    }


def test_every_row_has_its_own_line_and_the_last_one_sums_up(send: Any) -> None:
    answer = send(lines({"key": "a"}, {"key": "b", "attributes": {"weight": "heavy"}}, {"key": "c"}))
    assert [(row["index"], row["key"], row["outcome"]) for row in answer[:-1]] == [
        (0, "a", "created"),
        (1, "b", "rejected"),
        (2, "c", "created"),
    ]
    assert answer[1]["errors"] == [
        {"pointer": "/attributes/weight", "code": "type", "detail": "Expected a number."}
    ]
    assert answer[-1] == summary(created=2, rejected=1)
    assert keys() == ["a", "c"]


def test_thousands_of_rows_are_taken_a_thousand_at_a_time_and_again_change_nothing(send: Any) -> None:
    body = lines(*({"key": f"k{n:05}"} for n in range(3500)))
    first, again = send(body), send(body)
    assert (first[-1], again[-1]) == (summary(created=3500), summary(unchanged=3500))
    assert [row["index"] for row in first[:-1]] == list(range(3500))
    assert Event.objects.filter(kind="examples.received").count() == 4


def test_gzip_bom_blank_lines_carriage_returns_and_a_missing_last_newline_are_read(send: Any) -> None:
    body = b"\xef\xbb\xbf" + b'{"key": "a"}\r\n\r\n\n{"key": "b"}\r\n{"key": "c"}'
    zipped = {"Content-Encoding": "gzip"}
    assert send(gzip.compress(body), **zipped)[-1] == summary(created=3)
    assert send(body, kind="application/jsonl")[-1] == summary(unchanged=3)
    assert keys() == ["a", "b", "c"]


def test_of_two_rows_of_a_key_the_later_one_counts(send: Any) -> None:
    rows = [
        {"key": "a", "attributes": {"store": "x"}},
        {"key": "b"},
        {"key": "a", "attributes": {"store": "y"}},
    ]
    assert [row["outcome"] for row in send(lines(*rows))[:-1]] == ["created", "created", "updated"]
    assert Example.objects.get(key="a").k1 == "y"


def test_the_options_stand_in_the_address(send: Any) -> None:
    send(lines({"key": "a", "attributes": {"store": "x"}}))
    changed = lines({"key": "a", "attributes": {"store": "y"}}, {"key": ""})
    answer = send(changed, "?mode=insert&outcomes=errors")
    assert [row.get("outcome") for row in answer] == ["rejected", None]
    assert answer[-1] == summary(unchanged=1, rejected=1)
    assert Example.objects.get().k1 == "x"


@pytest.mark.parametrize("options", ["?mode=sideways", "?outcomes=none", "?where=x"])
def test_an_option_that_is_not_known_is_refused(send: Any, options: str) -> None:
    assert send(lines({"key": "a"}), options).status_code in (400, 422)
    assert keys() == []


BROKEN_ROWS = {
    "not json": b"{key: 1}",
    "NaN": b'{"key": "x", "attributes": {"weight": NaN}}',
    "1e400": b'{"key": "x", "attributes": {"weight": 1e400}}',
    "NUL": b'{"key": "x", "text": "a\\u0000b"}',
    "a lone surrogate": b'{"key": "x", "text": "\\ud800"}',
    "another charset": '{"key": "é"}'.encode("latin-1"),
    "too deep": b'{"key": "x", "attributes": {"a": ' + b"[" * 1000 + b"]" * 1000 + b"}}",
    "a time without zone": b'{"key": "x", "captured_at": "2026-01-01T00:00:00"}',
    "the year 9999": b'{"key": "x", "captured_at": "9999-01-01T00:00:00Z"}',
    "a long text": json.dumps({"key": "x", "text": "a" * 10_000_000}).encode(),
    "an unknown field": b'{"key": "x", "lable": "y"}',
    "a list": b"[]",
    "a name twice": b'{"key": "x", "attributes": {"store": "a", "store": "b"}}',
}


@pytest.mark.parametrize("row", BROKEN_ROWS.values(), ids=BROKEN_ROWS)
def test_a_row_that_cannot_be_kept_is_rejected_and_stops_no_other(send: Any, row: bytes) -> None:
    answer = send(b'{"key": "before"}\n' + row + b'\n{"key": "after"}\n')
    assert [line.get("outcome") for line in answer] == ["created", "rejected", "created", None]
    assert answer[-1] == summary(created=2, rejected=1)
    assert keys() == ["after", "before"]


def test_a_truncated_gzip_says_where_it_ended_and_keeps_what_came_before(send: Any) -> None:
    body = lines(*({"key": f"k{n:06}", "text": f"{n * 7919}" * 20} for n in range(5000)))
    packed = gzip.compress(body)
    answer = send(packed[: len(packed) // 2], **{"Content-Encoding": "gzip"})
    last = answer[-1]
    assert (last["done"], last["problem"]["code"]) == (False, "broken_gzip")
    assert last["created"] == Example.objects.count() > 0
    again = send(packed, **{"Content-Encoding": "gzip"})[-1]
    assert (again["unchanged"], again["created"]) == (last["created"], 5000 - last["created"])


def test_a_bomb_is_given_up_and_memory_stays_flat(send: Any) -> None:
    bomb = gzip.compress(b'{"key": "a", "text": "' + b"x" * 200_000_000 + b'"}\n')
    tracemalloc.start()
    answer = send(bomb, **{"Content-Encoding": "gzip"})
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer[-1]["problem"]["code"] == "compression_ratio"
    assert peak < 8 * MAX_LINE
    assert keys() == []


def test_a_hundred_thousand_rows_are_read_in_flat_memory(send: Any) -> None:
    """Fewer here; what is held grows with a batch, not with the body."""

    def peak(rows: int) -> int:
        body = lines(*({"key": f"k{n:06}", "text": "x" * 500} for n in range(rows)))
        tracemalloc.start()
        answer = send(body, "?outcomes=errors")
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer[-1]["rejected"] == 0
        return most

    peak(100)
    assert peak(6000) < 2 * peak(2000)


def test_what_is_not_gzip_or_is_packed_otherwise_is_told(send: Any) -> None:
    assert send(b'{"key": "a"}', **{"Content-Encoding": "gzip"})[-1]["problem"]["code"] == "broken_gzip"
    assert send(b"x", **{"Content-Encoding": "br"}).status_code == 415


def test_a_json_batch_may_be_packed_too_and_takes_no_options(send: Any) -> None:
    body, kind = gzip.compress(json.dumps({"examples": [{"key": "a"}]}).encode()), "application/json"
    assert send(body, kind=kind, **{"Content-Encoding": "gzip"}).json()["created"] == 1
    broken = send(body[:-9], kind=kind, **{"Content-Encoding": "gzip"})
    assert (broken.status_code, broken.json()["code"]) == (400, "broken_gzip")
    bomb = gzip.compress(b" " * 100_000_000)
    assert send(bomb, kind=kind, **{"Content-Encoding": "gzip"}).status_code == 413
    assert send(b'{"examples": []}', "?mode=insert", kind=kind).status_code == 400
