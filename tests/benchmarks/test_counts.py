"""Live counts: what thousands of slices cost whoever writes, and what counting costs whoever reads."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from projects.conditions import Condition
from projects.models import Stream
from projects.streams.actions import receive
from projects.streams.rows import RowIn
from slices.definitions.actions import Definition, create_slice, current
from slices.definitions.asking import live_count
from slices.definitions.counting import fold
from slices.definitions.members import members
from slices.definitions.recounting import by_day
from slices.families.actions import create_family
from slices.models import Counting, Slice, SliceVersion
from tests.benchmarks.test_ingest import attributes
from tests.factories import StreamFactory
from tests.recorder import BENCHMARKS, Goal, busy, interleaved, ratio_entry, write

STORES = 1000
ROUNDS = 5
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=60)
EVERYTHING = Definition(labels="any", splits=("train", "val", "test"))


def rows(start: int, n: int = 1000) -> list[RowIn]:
    """Arrivals of many stores, over sixty days."""
    return [
        RowIn(
            key=f"k{number:09}",
            captured_at=NOON + timedelta(minutes=number % 86_400),
            attributes=attributes(number) | {"store": f"store-{number * 7919 % STORES:04}"},
        )
        for number in range(start, start + n)
    ]


def live_slices(stream: Stream, n: int) -> None:
    """Slices of one store each, half of them with another condition, live from the beginning."""
    made = Slice.objects.bulk_create(
        Slice(
            organization=stream.organization,
            project=stream.project,
            stream=stream,
            slug=f"s{i}",
            name=f"S{i}",
        )
        for i in range(n)
    )
    versions = SliceVersion.objects.bulk_create(
        SliceVersion(
            organization=stream.organization,
            slice=one,
            version=1,
            condition=Condition.from_text(
                f"store = 'store-{i % STORES:04}'" + (f" and weight > {i}" if i % 2 else ""), stream
            ).json,
            labels="any",
            splits=["train", "val", "test"],
            definition_hash=f"{i:064}",
        )
        for i, one in enumerate(made)
    )
    Counting.objects.bulk_create(
        Counting(organization=stream.organization, slice_version=version, is_live=True)
        for version in versions
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("n", "goal"), [(1_000, 1.3), (10_000, 3.0)])
def test_writing_beside_live_slices(n: int, goal: float) -> None:
    bare, counted = StreamFactory(), StreamFactory()
    live_slices(counted, n)
    ratios, folds = [], []
    for number in range(ROUNDS):
        batches = [rows((number * 10 + turn) * 1000) for turn in range(10)]
        pairs = [
            pair
            for batch in batches
            for pair in interleaved(
                lambda batch=batch: receive(stream=counted, rows=batch, by=None),
                lambda batch=batch: receive(stream=bare, rows=batch, by=None),
                rounds=1,
            )
        ]
        with_slices, without = (sum(side) for side in zip(*pairs, strict=True))
        ratios.append(with_slices / without)
        started = time.perf_counter()
        while fold(counted):
            pass
        folds.append((time.perf_counter() - started) / 10_000)
    name = f"writing beside {n:,} live slices: time against none"
    write(BENCHMARKS, ratio_entry(name, ratios, Goal("<=", goal)))
    print(f"folding, microseconds an example: {[round(one * 1e6) for one in folds]}")


@pytest.fixture
def filled() -> Any:
    """A hundred thousand examples of a thousand stores."""
    stream = StreamFactory()
    for start in range(0, 100_000, 1000):
        receive(stream=stream, rows=rows(start), by=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE projects_example")
    return stream


@pytest.mark.django_db(transaction=True)
def test_a_family_is_counted_at_once(filled: Any) -> None:
    node = Condition.from_text("store = $store", filled, params={"store": "string"}).json
    definition = Definition(
        condition=node, params={"store": "string"}, labels="any", splits=("train", "val", "test")
    )
    family = create_family(stream=filled, slug="f", name="F", definition=definition, by=None)
    version, now = current(family.slice), timezone.now()

    def one_by_one() -> None:
        for store in range(STORES):
            members(version, now, {"store": f"store-{store:04}"}).count()

    pairs = interleaved(lambda: list(by_day(version)), one_by_one, rounds=ROUNDS)
    write(
        BENCHMARKS,
        ratio_entry(
            "counting 1,000 children of a family: time against 1,000 queries",
            [together / apart for together, apart in pairs],
            Goal("<=", 0.3),
        ),
    )


BEST = """
SELECT count(*) FROM projects_example
WHERE organization_id = %s AND stream_id = %s AND {column} = %s
    AND captured_at >= now() - interval '60 days' AND captured_at < now()
"""
# The best that a hand can do for what is in JSON only: a column of its own with a covering index.
BY_HAND = """
UPDATE projects_example SET k4 = attributes ->> 'extra_a';
CREATE INDEX by_hand ON projects_example (organization_id, stream_id, k4, captured_at) INCLUDE (id);
"""
TIMES = 20  # a round


def sql(*statements: str) -> None:
    """Run statements, some of which go into no transaction."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def by_hand_index(filled: Any) -> Iterator[None]:
    """What the hand-written statement has to go by; swept as autovacuum would."""
    sql(BY_HAND, "VACUUM ANALYZE projects_example")
    yield
    sql("DROP INDEX by_hand")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("field", "column", "value", "goal"),
    [
        ("store", "k1", "store-0007", 2.0),
        ("extra_a", "k4", "value 7 of a", 30.0),
    ],
    ids=["promoted", "in JSON"],
)
def test_counting_one_slice(
    filled: Any, by_hand_index: None, field: str, column: str, value: str, goal: float
) -> None:
    if field not in {row["name"] for row in filled.fields}:
        filled.fields = [*filled.fields, {"name": field, "type": "string"}]
        filled.save()
    node = Condition.from_text(f"{field} = '{value}'", filled).json
    window = {"clock": "captured_at", "length": "60d"}
    asked = Definition(condition=node, labels="any", splits=("train", "val", "test"), window=window)
    version = current(create_slice(stream=filled, slug="s", name="S", definition=asked, by=None))
    told = set()

    def by_hand() -> None:
        for _time in range(TIMES):
            with connection.cursor() as cursor:
                cursor.execute(BEST.format(column=column), [filled.organization_id, filled.pk, value])
                told.add((cursor.fetchone() or (0,))[0])

    def through_conditions() -> None:
        for _time in range(TIMES):
            told.add(live_count(version)[0])

    through_conditions()
    by_hand()
    assert len(told) == 1  # one question, one answer
    pairs = interleaved(through_conditions, by_hand, rounds=3 * ROUNDS, clock=busy)
    where = "promoted" if column == "k1" else "in JSON"
    name = f"counting a slice by an attribute that is {where}: time against SQL by hand on the best index"
    write(BENCHMARKS, ratio_entry(name, [ours / raw for ours, raw in pairs], Goal("<=", goal)))
    print(f"milliseconds a count of {told} (ours, by hand): {milliseconds(pairs)}")


def milliseconds(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The middle of each side, a count."""
    ours, theirs = (statistics.median(side) * 1000 / TIMES for side in zip(*pairs, strict=True))
    return round(ours, 3), round(theirs, 3)
