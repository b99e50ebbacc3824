"""Live counts: every change moves them by exactly the difference, whoever makes it and whenever it is folded."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.conditions import Condition
from projects.models import ExampleChange
from projects.streams.actions import receive, summarize
from projects.streams.rows import RowIn
from projects.streams.summary import LabelSummary
from slices.definitions import handlers
from slices.definitions.actions import Definition, change_slice, create_slice, current
from slices.definitions.counting import fold, put_away, totals
from slices.definitions.freshness import check_daily, count_again, fold_all
from slices.definitions.recounting import begin, check
from slices.models import Counting, SliceCount
from teams.models import Event, Job
from teams.work import jobs
from tests.factories import ExampleFactory, QueueFactory, StreamFactory

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONDITIONS = [
    "",
    "store = 'a'",
    "store in ('a', 'b') and confidence < 0.5",
    "not store = 'a'",
    "label = 'x' or camera is null",
    "weight between 1 and 2 or prediction = 'y'",
    "label_state = 'accepted' and sample(50%, 's')",
]
DB = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def slices_of(stream: Any) -> list[Any]:
    """One live slice version for each condition."""
    made = []
    for n, text in enumerate(CONDITIONS):
        node = Condition.from_text(text, stream).json
        definition = Definition(condition=node, labels="any", splits=("train", "val", "test"))
        made.append(create_slice(stream=stream, slug=f"s{n}", name=f"S{n}", definition=definition, by=None))
    return [current(one) for one in made]


def arrive(stream: Any, key: str, day: int = 0, **attributes: Any) -> int:
    row = RowIn(key=key, captured_at=START + timedelta(days=day), attributes=attributes)
    return receive(stream=stream, rows=[row], by=None).rows[0].id


def drain(stream: Any) -> None:
    while fold(stream):
        pass


def sums(version: Any) -> tuple[int, int]:
    every = {version.pk: (date(2000, 1, 1), date(2100, 1, 1))}
    return totals(version.organization, every)[version.pk]


@pytest.mark.django_db
def test_an_arrival_is_in_the_counts_of_its_slices_after_a_fold() -> None:
    stream = StreamFactory()
    every, of_a, *_others = versions = slices_of(stream)
    for version in versions:
        begin(version)
    arrive(stream, "one", store="a")
    arrive(stream, "two", store="b")
    drain(stream)
    assert (sums(every), sums(of_a)) == ((2, 0), (1, 0))
    assert ExampleChange.objects.count() == 0


@pytest.mark.django_db
def test_what_is_here_before_a_slice_is_counted_with_it() -> None:
    stream = StreamFactory()
    arrive(stream, "one", store="a")
    every, of_a, *_others = versions = slices_of(stream)
    begin(of_a)
    arrive(stream, "two", store="a")
    begin(every)
    arrive(stream, "three", store="a")
    drain(stream)
    assert [sums(version) for version in versions[:2]] == [(3, 0), (3, 0)]


@pytest.mark.django_db
def test_notes_of_one_example_may_be_folded_one_by_one() -> None:
    stream = StreamFactory()
    versions = slices_of(stream)
    for version in versions:
        begin(version)
    for store in ("a", "b", "a", "c"):
        arrive(stream, "one", store=store)
    seen = []
    while note := stream.organization.example_changes.order_by("pk").first():
        put_away(stream, [note])
        seen.append(sums(versions[1])[0])
        assert check(versions[1]) == []
    assert seen == [1, 0, 1, 0]


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["arrive", "label", "unlabel", "predict", "remove", "fold", "begin", "fold one note"]
        ),
        st.integers(0, 5),  # which example
        st.sampled_from([{"store": "a"}, {"store": "b", "weight": 1.5}, {"camera": "left"}, {"weight": 3}]),
        st.integers(-3, 3),  # days late
    ),
    max_size=30,
)


@pytest.mark.django_db
@DB
@given(operations=OPERATIONS)
def test_whatever_happens_in_whatever_order_the_sums_are_what_counting_finds(operations: Any) -> None:
    with transaction.atomic():
        stream = StreamFactory()
        versions = slices_of(stream)
        for version in versions[::2]:
            begin(version)
        for operation, n, attributes, days in operations:
            do(stream, versions, operation, n, attributes, days)
        for version in versions[1::2]:
            begin(version)
        assert [check(version) for version in versions] == [[] for _ in versions]
        drain(stream)
        assert [check(version) for version in versions] == [[] for _ in versions]
        assert stream.organization.example_changes.count() == 0
        transaction.set_rollback(True)


def do(stream: Any, versions: Any, operation: str, n: int, attributes: Any, days: int) -> None:
    known = stream.organization.examples.filter(key=f"k{n}").first()
    if operation == "arrive":
        arrive(stream, f"k{n}", days, **attributes)
    elif operation == "fold":
        drain(stream)
    elif operation == "begin":
        begin(versions[n % len(versions)])
    elif operation == "fold one note":
        note = stream.organization.example_changes.order_by("pk").first()
        if note is not None and Counting.objects.exists():
            put_away(stream, [note])
    elif known is None:
        return
    elif operation == "remove":
        known.delete()
    elif operation == "predict":
        known.organization.examples.filter(pk=known.pk).update(predicted="y", confidence=n / 5)
    else:
        label = LabelSummary(known.pk, "x", "accepted", START) if operation == "label" else None
        label = label or LabelSummary(known.pk, None, "none")
        summarize(organization=known.organization, labels=[label])


@pytest.mark.django_db(transaction=True)
def test_writers_folders_and_beginnings_at_once_lose_and_double_nothing() -> None:
    stream = StreamFactory()
    versions = slices_of(stream)
    for version in versions[:4]:
        begin(version)
    wrong: list[BaseException] = []
    stop = threading.Event()

    def in_thread(work: Any) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                wrong.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def write(seed: int) -> None:
        for n in range(40):
            store = "ab"[(n + seed) % 2]
            rows = [
                RowIn(
                    key=f"k{(n * 7 + i) % 50:02}",
                    captured_at=START,
                    attributes={"store": store, "weight": n % 4},
                )
                for i in range(10)
            ]
            answer = receive(stream=stream, rows=rows, by=None)
            ids = [row.id for row in answer.rows][:3]
            labels = [LabelSummary(pk, "x", "accepted", START) for pk in ids]
            summarize(organization=stream.organization, labels=labels)

    def fold_on() -> None:
        while not stop.is_set():
            fold(stream)

    writers = [in_thread(lambda seed=seed: write(seed)) for seed in range(3)]
    folders = [in_thread(fold_on) for _ in range(2)]
    for version in versions[4:]:
        begin(version)
    assert [check(version) for version in versions] == [[] for _ in versions]
    for thread in writers:
        thread.join()
    stop.set()
    for thread in folders:
        thread.join()
    assert wrong == []
    drain(stream)
    assert [check(version) for version in versions] == [[] for _ in versions]
    assert sums(versions[0]) == (50, stream.organization.examples.filter(label_state="accepted").count())


@pytest.mark.django_db
def test_a_wrong_sum_is_found_told_and_mended() -> None:
    stream = StreamFactory()
    arrive(stream, "one", store="a")
    version = slices_of(stream)[0]
    begin(version)
    SliceCount.objects.update(n=7)
    [off] = check(version)
    assert (off.place.day, off.kept, off.found) == (START.date(), (7, 0), (1, 0))
    Counting.objects.update(counted_at=timezone.now() - timedelta(days=2))
    assert check_daily(timezone.now()) == 1
    job = Job.objects.get(kind="slices.check")
    handlers.check_slice(version.organization, **job.args)
    assert sums(version) == (1, 0)
    event = Event.objects.get(kind="slice.miscounted")
    assert event.data == {"days": 1, "off": -6}
    assert check_daily(timezone.now()) == 0


@pytest.mark.django_db
def test_making_and_changing_a_slice_has_it_counted_by_a_job() -> None:
    stream = StreamFactory()
    ExampleFactory(stream=stream, bucket=5000)
    slice_ = create_slice(stream=stream, slug="s", name="S", definition=Definition(labels="any"), by=None)
    for job in Job.objects.filter(kind="slices.count"):
        jobs.run(job.pk)
    assert sums(current(slice_)) == (1, 0)
    changed = change_slice(slice=slice_, definition=Definition(labels="any", splits=("test",)), by=None)
    for job in Job.objects.filter(kind="slices.count", state="queued"):
        jobs.run(job.pk)
    assert sums(changed) == (0, 0)
    assert [row.slice_version for row in Counting.objects.all()] == [changed]


@pytest.mark.django_db
def test_a_slice_that_no_sums_can_follow_is_counted_again_from_time_to_time() -> None:
    stream = StreamFactory()
    ExampleFactory(stream=stream, bucket=5000)
    queue = QueueFactory(stream=stream)
    moving = Condition.from_text("captured_at within last 60d", stream).json
    for n, definition in enumerate(
        (
            Definition(condition=moving, labels="any"),
            Definition(labels="any", max_size=1),
            Definition(queues=[queue.pk]),
        )
    ):
        begin(
            current(create_slice(stream=stream, slug=f"m{n}", name=f"M{n}", definition=definition, by=None))
        )
    assert list(Counting.objects.order_by("pk").values_list("is_live", "n")) == [
        (False, 1),
        (False, 1),
        (False, 0),
    ]
    ExampleFactory(stream=stream, bucket=5000)
    assert count_again(timezone.now()) == 0
    assert count_again(timezone.now() + timedelta(minutes=6)) == 3
    assert list(Counting.objects.order_by("pk").values_list("n", flat=True)) == [2, 1, 0]


@pytest.mark.django_db
def test_the_clock_folds_every_stream_and_forgets_those_that_are_gone() -> None:
    here, gone = StreamFactory(), StreamFactory()
    arrive(here, "one")
    arrive(gone, "two")
    gone.delete()
    version = slices_of(here)[0]
    begin(version)
    arrive(here, "three")
    fold_all(timezone.now())
    assert ExampleChange.objects.count() == 0
    assert sums(version) == (2, 0)
