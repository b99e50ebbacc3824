"""Bodies that are cut off and sent again, and two who send the same at once: each key is there once."""

from __future__ import annotations

import json
import random
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from projects.models import Example
from tests.factories import ProjectFactory, StreamFactory, token

URL = "/api/v1/projects/digits/streams/tags/examples"
ROWS, CUTS = 12, 50
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key() -> str:
    """A token that may send."""
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    return token(stream.organization, stream.project)[1]


def lines(name: str, numbers: Any) -> bytes:
    """Rows as lines."""
    return b"".join(
        json.dumps({"key": f"{name}-{n:03}", "text": f"é {n}"}, ensure_ascii=False).encode() + b"\n"
        for n in numbers
    )


def post(client: Client, body: bytes) -> Any:
    """The answer, read to its end: the rows are taken while it is told of them."""
    answer = client.post(URL, body, content_type="application/x-ndjson")
    assert answer.getvalue()
    return answer


def test_a_body_cut_off_anywhere_and_sent_again_is_there_once(api, key: str) -> None:
    script, chance = api(key), random.Random(2)
    for turn in range(CUTS):
        body = lines(f"t{turn}", range(ROWS))
        cut = body[: chance.randrange(1, len(body))]
        whole = {json.loads(line)["key"] for line in body.split(b"\n")[: cut.count(b"\n") + 1] if line}
        assert post(script, cut).status_code in (200, 400, 422)
        here = set(Example.objects.filter(key__startswith=f"t{turn}-").values_list("key", flat=True))
        assert here <= whole, "nothing that was not sent"
        assert post(script, body).status_code == 200
        kept = Example.objects.filter(key__startswith=f"t{turn}-").order_by("key")
        assert list(kept.values_list("key", "text")) == [(f"t{turn}-{n:03}", f"é {n}") for n in range(ROWS)]
        again = post(script, body)
        assert (again.status_code, kept.count()) == (200, ROWS)
    assert Example.objects.count() == ROWS * CUTS


def test_two_who_send_the_same_keys_at_once_make_each_example_once(api, key: str) -> None:
    numbers, together = range(200), threading.Barrier(2)
    said: list[list[int]] = []

    def go(order: Any) -> None:
        script, codes = api(key), []
        try:
            for turn in range(5):
                together.wait(timeout=60)
                codes.append(post(script, lines(f"both{turn}", order)).status_code)
        finally:
            said.append(codes)
            connection.close()

    threads = [threading.Thread(target=go, args=(order,)) for order in (numbers, list(reversed(numbers)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert said == [[200] * 5, [200] * 5], "neither waits for the other in a circle"
    assert sorted(Example.objects.values_list("key", flat=True)) == [
        f"both{turn}-{n:03}" for turn in range(5) for n in numbers
    ]
