"""Very many rows over the network, sent again and cut off, and by two processes at once: each example is there once."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db.models import Count

from projects.models import Example
from tests.factories import ProjectFactory, StreamFactory, token
from tests.stack import eventually, web_server

URL = "/api/v1/projects/digits/streams/tags/examples"
SIZES = [
    pytest.param(10_000, id="some"),
    pytest.param(100_000, id="many", marks=pytest.mark.slow),
]
BOTH = 2_000
pytestmark = pytest.mark.django_db(transaction=True)

# A sender is a program: it reads lines, waits for the word, sends them and says what the answer came to.
SENDER = """
import sys, urllib.request
address, key = sys.argv[1:]
body = sys.stdin.buffer.read()
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=300) as answer:
    print(answer.read().decode().splitlines()[-1])
"""


@pytest.fixture
def key() -> str:
    """A token that may send."""
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    return token(stream.organization, stream.project)[1]


@pytest.fixture
def address() -> Iterator[str]:
    """Of a web server."""
    with web_server() as served:
        yield served


def row(n: int) -> dict[str, Any]:
    """What is sent of one example."""
    return {"key": f"k-{n:06}", "text": f"é {n}", "attributes": {"store": f"s{n % 7}", "weight": n / 4}}


def lines(numbers: Any) -> bytes:
    """Rows as lines."""
    return b"".join(json.dumps(row(n), ensure_ascii=False).encode() + b"\n" for n in numbers)


def opened(address: str, key: str, body: bytes, *, length: int) -> http.client.HTTPConnection:
    """A connection on which as much of a call as there is of the body is sent."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=300)
    connection.putrequest("POST", f"{URL}?outcomes=errors")
    connection.putheader("Authorization", f"Bearer {key}")
    connection.putheader("Content-Type", "application/x-ndjson")
    connection.putheader("Content-Length", str(length))
    connection.endheaders(body)
    return connection


def sent(address: str, key: str, body: bytes) -> dict[str, Any]:
    """What the answer to a whole body sums up to."""
    connection = opened(address, key, body, length=len(body))
    answer = connection.getresponse()
    *others, last = answer.read().splitlines()
    connection.close()
    assert (answer.status, others) == (200, [])
    return dict(json.loads(last))


def counted(said: dict[str, Any]) -> dict[str, int]:
    """The outcomes that are not none."""
    names = ("created", "updated", "unchanged", "rejected")
    return {name: said[name] for name in names if said[name]}


def kept() -> list[tuple[Any, ...]]:
    """What is there, in the order of keys."""
    return list(Example.objects.order_by("key").values_list("key", "text", "attributes", "k1", "n1"))


def as_sent(count: int) -> list[tuple[Any, ...]]:
    """What should be."""
    rows = map(row, range(count))
    return [(one["key"], one["text"], one["attributes"], *one["attributes"].values()) for one in rows]


@pytest.mark.parametrize("count", SIZES)
def test_sent_three_times_and_cut_off_twice_each_row_is_an_example_once(
    address: str, key: str, count: int
) -> None:
    body = lines(range(count))
    opened(address, key, body[: len(body) // 2], length=len(body)).close()
    going = opened(address, key, body, length=len(body))
    eventually(Example.objects.exists)
    going.close()  # while it is being taken
    first, second, third = (counted(sent(address, key, body)) for _again in range(3))
    assert sum(first.values()) == count
    assert (first.keys() <= {"created", "unchanged"}, second, third) == (
        True,
        {"unchanged": count},
        {"unchanged": count},
    )
    assert kept() == as_sent(count)


def test_two_processes_that_send_the_same_at_once_make_each_example_once(address: str, key: str) -> None:
    with (
        web_server() as other,
        sender(f"{address}{URL}?outcomes=errors", key) as one,
        sender(f"{other}{URL}?outcomes=errors", key) as two,
    ):
        begun = [(one, range(BOTH)), (two, range(BOTH - 1, -1, -1))]
        for process, order in begun:
            assert process.stdin is not None
            process.stdin.write(lines(order))
            process.stdin.close()
        said = [json.loads(process.stdout.read()) for process, _order in begun if process.stdout]
    sums = [counted(one) for one in said]
    assert {name: sum(one.get(name, 0) for one in sums) for name in {*sums[0], *sums[1]}} == {
        "created": BOTH,
        "unchanged": BOTH,
    }
    twice = Example.objects.values("key").annotate(n=Count("pk")).filter(n__gt=1)
    assert (list(twice), kept()) == ([], as_sent(BOTH))


def sender(address: str, key: str) -> subprocess.Popen[bytes]:
    """A process that sends what it is given."""
    return subprocess.Popen(
        [sys.executable, "-c", SENDER, address, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
