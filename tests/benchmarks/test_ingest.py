"""Batches over REST, validated and idempotent, beside COPY of the same rows into the same table, by CPU."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from projects.models import Example, Stream
from tests.factories import StreamFactory, token
from tests.recorder import BENCHMARKS, Goal, busy, interleaved, ratio_entry, write

ROWS = 1000  # a batch
BATCHES = 10  # of each side in a round
ROUNDS = 5
GOAL = Goal(">=", 0.5)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
COLUMNS = """organization_id, stream_id, key, captured_at, ingested_at, text, media_uri, media_type, attributes,
    k1, n1, split_key, bucket, rev, label_state"""


def attributes(number: int) -> dict[str, Any]:
    """Twelve of them, as a shelf camera would send."""
    more = {f"extra_{name}": f"value {number % 97} of {name}" for name in "abcdefghi"}
    return {"store": f"store-{number % 40}", "weight": number / 7, "camera": f"cam-{number % 5}", **more}


def batch(start: int) -> list[dict[str, Any]]:
    """Rows with keys of their own."""
    return [
        {
            "key": f"k{number:09}",
            "captured_at": (NOON + timedelta(seconds=number)).isoformat(),
            "media": {"uri": f"https://pictures.example.test/{number:09}.png", "type": "image/png"},
            "attributes": attributes(number),
        }
        for number in range(start, start + ROWS)
    ]


def copy(stream: Stream, rows: list[dict[str, Any]]) -> None:
    """The least that any ingest must do, its values made beforehand."""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY projects_example ({COLUMNS}) FROM STDIN") as to:
            for row in rows:
                to.write_row(row)


def copied(stream: Stream, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The rows as COPY wants them."""
    return [
        (
            stream.organization_id,
            stream.pk,
            row["key"],
            row["captured_at"],
            NOON,
            "",
            row["media"]["uri"],
            row["media"]["type"],
            json.dumps(row["attributes"]),
            row["attributes"]["store"],
            row["attributes"]["weight"],
            row["key"],
            5000,
            1,
            "none",
        )
        for row in rows
    ]


@pytest.mark.django_db(transaction=True)
def test_ingest(api: Any) -> None:
    stream = StreamFactory()
    script = api(token(stream.organization, stream.project)[1])
    url = f"/api/v1/projects/{stream.project.slug}/streams/{stream.slug}/examples"
    script.post(
        url, json.dumps({"examples": batch(10**8)}), content_type="application/json"
    )  # loads the code
    copy(stream, copied(stream, batch(2 * 10**8)))
    ratios, rates = [], []
    for number in range(ROUNDS):
        starts = [(number * 2 * BATCHES + turn) * ROWS for turn in range(2 * BATCHES)]
        bodies = [json.dumps({"examples": batch(start)}) for start in starts[:BATCHES]]
        plain = [copied(stream, batch(start)) for start in starts[BATCHES:]]
        pairs = [
            pair
            for body, rows in zip(bodies, plain, strict=True)
            for pair in interleaved(
                lambda body=body: script.post(url, body, content_type="application/json"),
                lambda rows=rows: copy(stream, rows),
                rounds=1,
                clock=busy,
            )
        ]
        ours, raw = (sum(side) for side in zip(*pairs, strict=True))
        ratios.append(raw / ours)
        rates.append((round(BATCHES * ROWS / ours), round(BATCHES * ROWS / raw)))
    assert Example.objects.filter(stream=stream).count() == 2 * (ROUNDS * BATCHES + 1) * ROWS
    name = (
        f"ingest over REST, {ROWS:,} rows a batch: rate a second of CPU against raw COPY into the same table"
    )
    write(BENCHMARKS, ratio_entry(name, ratios, GOAL))
    print(f"rows a second of CPU (ours, COPY): {rates}")
