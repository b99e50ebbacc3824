"""Samples: the same members every time, and what data that arrive may change of them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from projects.conditions import Condition
from projects.conditions.evaluating import sample_bucket
from projects.streams.models import Example
from slices.definitions.actions import Definition
from slices.definitions.counting import fold
from slices.definitions.members import funnel, members
from slices.definitions.recounting import begin, check
from slices.definitions.saying import chips
from slices.definitions.wrong import Wrong
from tests.factories import ExampleFactory, QueueFactory, StreamFactory
from tests.slices.test_counts import sums
from tests.slices.test_definitions import ANY, DB, keys, labelled, version_of

pytestmark = pytest.mark.django_db

NOW = timezone.now()
STORES = st.lists(st.sampled_from("aabbbc"), max_size=14)


def sampled(sample: Any, **more: Any) -> Definition:
    return Definition(**{"labels": "any", "splits": ANY.splits, "sample": sample, **more})


def arrive(stream: Any, stores: Any, start: int = 0) -> None:
    """Examples of these stores; the n-th happened n minutes before the last hour."""
    for n, store in enumerate(stores, start):
        happened = NOW - timedelta(hours=1, minutes=97 * n % 500)
        said = {"k1": store, "attributes": {"store": store}}
        ExampleFactory(stream=stream, key=f"k{n}", captured_at=happened, **said)


def spread(salt: str, key: str) -> int:
    """The order of a draw, in Python."""
    digest = hashlib.sha256(f"{salt}\x1f{key}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


@DB
@given(stores=STORES, later=STORES, percent=st.integers(1, 99), more=st.integers(0, 50))
def test_from_a_fixed_percentage_nobody_leaves_and_a_larger_one_only_adds(
    stores: Any, later: Any, percent: int, more: int
) -> None:
    stream = StreamFactory()
    arrive(stream, stores)
    draw = {"kind": "hash_percent", "percent": percent, "salt": "s"}
    version = version_of(stream, sampled(draw))
    larger = version_of(stream, sampled(draw | {"percent": min(100, percent + more)}), "larger")
    before = set(keys(version))
    assert before == {f"k{n}" for n in range(len(stores)) if sample_bucket("s", f"k{n}") < percent * 100}
    assert before <= set(keys(larger))
    arrive(stream, later, len(stores))
    assert before <= set(keys(version))


@DB
@given(stores=STORES, later=STORES, most=st.integers(1, 4))
def test_of_each_stratum_there_are_so_many_and_a_newcomer_takes_one_place_of_its_own(
    stores: Any, later: Any, most: int
) -> None:
    stream = StreamFactory()
    arrive(stream, stores)
    version = version_of(stream, sampled({"kind": "cap_per", "by": ["store"], "max": most}))
    before = set(keys(version))
    assert before == first_of_each(stream, most)
    arrive(stream, later, len(stores))
    after = set(keys(version))
    assert after == first_of_each(stream, most)
    store_of = dict(stream.organization.examples.filter(stream=stream).values_list("key", "k1"))
    lost = Counter(store_of[key] for key in before - after)
    came = Counter(later)
    assert all(lost[store] <= min(came[store], most) for store in lost)


def first_of_each(stream: Any, most: int | None, salt: str = "slice") -> set[str]:
    """An oracle: the first of each store by the order of the draw; None: as many as of the rarest."""
    by_store = defaultdict(list)
    for row in Example.objects.filter(stream=stream):
        by_store[row.k1].append((spread(salt, row.key), row.pk, row.key))
    if most is None:
        most = min(map(len, by_store.values()), default=0)
    return {key for rows in by_store.values() for _order, _pk, key in sorted(rows)[:most]}


@DB
@given(stores=STORES, target=st.none() | st.integers(1, 3))
def test_balanced_are_as_many_of_each_as_of_the_rarest(stores: Any, target: Any) -> None:
    stream = StreamFactory()
    arrive(stream, stores)
    sample = {"kind": "balance", "by": ["store"]} | ({"max": target} if target else {})
    found = Counter(row.k1 for row in members(version_of(stream, sampled(sample)), NOW))
    rarest = min(Counter(stores).values(), default=0)
    assert found == Counter({store: min(rarest, target or rarest) for store in set(stores)})


def test_strata_by_label_are_of_the_answers_that_the_slice_takes() -> None:
    queue = QueueFactory()
    control = QueueFactory(stream=queue.stream, counts=False)
    for label in "333888":
        labelled(queue, label)
    for label in "33388":
        labelled(control, label)
    balance = {"kind": "balance", "by": ["label"]}
    version = version_of(queue.stream, Definition(sample=balance, queues=(control.pk,)))
    labels = dict(control.organization.annotations.values_list("pk", "label"))
    found = Counter(labels[row.annotation_id] for row in members(version, NOW + timedelta(hours=1)))
    assert found == {"3": 2, "8": 2}


@DB
@given(stores=STORES, later=STORES, n=st.integers(1, 6))
def test_the_newest_are_those_that_happened_last(stores: Any, later: Any, n: int) -> None:
    stream = StreamFactory()
    arrive(stream, stores)
    version = version_of(stream, sampled({"kind": "newest", "n": n}))
    for _again in range(2):
        rows = sorted(Example.objects.filter(stream=stream), key=lambda row: (row.captured_at, row.pk))
        assert keys(version) == sorted(row.key for row in rows[-n:])
        arrive(stream, later, len(stores))
        later = ()


@DB
@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 3)), max_size=12),
    keep=st.sampled_from(["earliest", "latest"]),
)
def test_of_those_with_one_value_one_is_kept_and_those_without_all(rows: Any, keep: str) -> None:
    stream = StreamFactory()
    kept: dict[Any, tuple[Any, str]] = {}
    for n, (store, age) in enumerate(rows):
        row = ExampleFactory(stream=stream, key=f"k{n}", k1=store, captured_at=NOW - timedelta(days=age + 1))
        order = (row.captured_at, row.pk)
        known = kept.get(store or row.pk)
        if known is None or (order < known[0] if keep == "earliest" else order > known[0]):
            kept[store or row.pk] = (order, row.key)
    version = version_of(stream, sampled(None, dedupe={"by": "store", "keep": keep}))
    assert keys(version) == sorted(key for _order, key in kept.values())


def test_the_order_of_narrowing_is_fixed_and_each_step_says_what_it_removed() -> None:
    queue = QueueFactory()
    stream, day = queue.stream, timedelta(days=1)
    ExampleFactory(stream=stream, k1="old", captured_at=NOW - 90 * day)
    ExampleFactory(stream=stream, k1="unlabelled", captured_at=NOW - day)
    for n in range(6):
        labelled(queue, k1=f"twin{n % 3}", captured_at=NOW - (n + 1) * day, n1=1)
    labelled(queue, k1="held out", bucket=5, captured_at=NOW - day, n1=1)
    labelled(queue, k1="light", captured_at=NOW - day, n1=0)
    definition = Definition(
        condition=Condition.from_text("weight = 1 or store = 'unlabelled'", stream).json,
        window={"clock": "captured_at", "length": "60d"},
        dedupe={"by": "store", "keep": "latest"},
        sample={"kind": "newest", "n": 2},
        max_size=1,
    )
    told = funnel(version_of(stream, definition), timezone.now())  # after the labels were accepted
    assert [(row["step"], row["n"], row["removed"]) for row in told] == [
        ("stream", 10, 0),
        ("window", 9, 1),
        ("condition", 8, 1),
        ("labels", 7, 1),
        ("dedupe", 4, 3),
        ("split", 3, 1),
        ("sample", 2, 1),
        ("limit", 1, 1),
    ]


def test_newest_days_are_held_out_of_training_and_are_all_that_is_tested() -> None:
    stream, day = StreamFactory(), timedelta(days=1)
    for age in (1, 6, 8, 30):
        for bucket, split in ((5, "test"), (5000, "train")):
            ExampleFactory(stream=stream, key=f"{split} {age}", bucket=bucket, captured_at=NOW - age * day)
    train = Definition(labels="any", splits=("train",), temporal_holdout="7d")
    test = Definition(labels="any", splits=("test",), temporal_holdout="7d")
    assert keys(version_of(stream, train, "train"), NOW) == ["train 30", "train 8"]
    assert keys(version_of(stream, test, "test"), NOW) == ["test 1", "test 6"]


def test_a_fixed_percentage_is_counted_live() -> None:
    stream = StreamFactory()
    condition = Condition.from_text("store = 'a' and weight is null", stream).json
    draw = {"kind": "hash_percent", "percent": 50}
    version = version_of(stream, sampled(draw, condition=condition))
    assert begin(version).is_live
    arrive(stream, "aaaaaabbbb")
    while fold(stream):
        pass
    assert sums(version)[0] == len(keys(version)) > 0
    assert check(version) == []
    for sample in ({"kind": "newest", "n": 2}, {"kind": "balance", "by": ["store"]}):
        other = version_of(stream, sampled(sample), sample["kind"])
        counting = begin(other)
        assert (counting.is_live, counting.n) == (False, len(keys(other)))


@pytest.mark.parametrize(
    "sample, part",
    [
        ("half", "sample/kind"),
        ({"kind": "weighted"}, "sample/kind"),
        ({"kind": "hash_percent"}, "sample/percent"),
        ({"kind": "hash_percent", "percent": 0}, "sample/percent"),
        ({"kind": "hash_percent", "percent": True}, "sample/percent"),
        ({"kind": "hash_percent", "percent": 5, "salt": ""}, "sample/salt"),
        ({"kind": "hash_percent", "percent": 5, "seed": 3}, "sample/seed"),
        ({"kind": "cap_per", "max": 5}, "sample/by"),
        ({"kind": "cap_per", "max": 5, "by": ["nothing"]}, "sample/by"),
        ({"kind": "cap_per", "max": 5, "by": [["store"]]}, "sample/by"),
        ({"kind": "cap_per", "by": ["store"]}, "sample/max"),
        ({"kind": "balance", "by": ["store"], "max": 0}, "sample/max"),
        ({"kind": "newest", "n": "5"}, "sample/n"),
    ],
)
def test_what_is_wrong_with_a_sample_is_said_of_the_part(sample: Any, part: str) -> None:
    with pytest.raises(Wrong) as wrong:
        sampled(sample).checked(StreamFactory())
    assert wrong.value.part == part


@pytest.mark.parametrize(
    "dedupe, part",
    [
        ("store", "dedupe"),
        ({"keep": "latest"}, "dedupe/by"),
        ({"by": "annotator"}, "dedupe/by"),
        ({"by": "store", "keep": "best"}, "dedupe/keep"),
    ],
)
def test_what_is_wrong_with_doubles_is_said_of_the_part(dedupe: Any, part: str) -> None:
    with pytest.raises(Wrong) as wrong:
        sampled(None, dedupe=dedupe).checked(StreamFactory())
    assert wrong.value.part == part


def test_what_was_added_to_meanings_later_leaves_the_hashes_of_old_ones() -> None:
    stream = StreamFactory()
    plain = Definition(window={"clock": "captured_at", "length": "60d"})
    assert plain.checked(stream).hash == "294d9eb28a9d9afe12e96960234c1987ad82d8ba757e6b396d39ea68c562c28d"
    told = {plain.checked(stream).hash}
    for more in (
        {"sample": {"kind": "newest", "n": 5}},
        {"dedupe": {"by": "store"}},
        {"temporal_holdout": "7d"},
        {"window": {"clock": "captured_at", "length": "60d", "grace": "1h"}},
    ):
        told.add(Definition(**{"window": plain.window, **more}).checked(stream).hash)
    assert len(told) == 5
    same = Definition(window={"clock": "captured_at", "kind": "rolling", "length": "60d", "grace": ""})
    assert same.checked(stream).hash == plain.checked(stream).hash


def test_samples_are_said_in_words() -> None:
    stream = StreamFactory()
    said = {
        "a fixed 10 % of them": {"kind": "hash_percent", "percent": 10},
        "at most 2,000 of each camera, store": {"kind": "cap_per", "by": ["store", "camera"], "max": 2000},
        "as many of each label": {"kind": "balance", "by": ["label"]},
        "as many of each label, at most 50": {"kind": "balance", "by": ["label"], "max": 50},
        "the newest 5,000": {"kind": "newest", "n": 5000},
    }
    for n, (words, sample) in enumerate(said.items()):
        assert chips(version_of(stream, sampled(sample), f"s{n}"))[-1].text == words
    doubles = sampled(None, dedupe={"by": "store"}, temporal_holdout="7d")
    assert [chip.text for chip in chips(version_of(stream, doubles, "doubles"))][-3:] == [
        "the earliest of each store",
        "in the split train, val, test",
        "older than the held out 7d",
    ]
