"""What holds for every definition there can be: a condition and its opposite part the stream, and frozen is frozen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from projects.conditions import Condition
from projects.streams.actions import receive
from projects.streams.rows import RowIn
from slices.definitions.actions import Definition, current, draft
from slices.definitions.members import members
from slices.models import Snapshot
from slices.snapshots.actions import freeze, freeze_now, role_of
from slices.snapshots.building import TooSmall, build
from slices.snapshots.manifest import example_ids, verify
from tests.factories import ExampleFactory, QueueFactory, StreamFactory
from tests.projects.test_conditions import AS_OF, FIELDS, conditions
from tests.slices.test_definitions import answered, slice_of

N = 30
ODD: list[dict[str, Any]] = [
    {},
    {"camera": None, "height": None, "lit": None, "tags": None, "seen_at": None},
    {"camera": 5, "height": "tall", "lit": "yes", "tags": "blurry", "seen_at": "now"},
    {"camera": "a", "height": 2, "lit": True, "kind": "x", "tags": ["blurry", "dark"]},
    {"camera": "it's", "height": -1.5, "lit": False, "seen_at": "2026-05-20T08:00:00Z"},
]
FIELD = st.sampled_from(["store", "camera", "height", "lit", "label"])

windows = st.none() | st.sampled_from(
    [
        {"clock": "captured_at", "length": "30d"},
        {"clock": "labeled_at", "length": "20d"},
        {"clock": "captured_at", "length": "60d", "grace": "2h", "exclude_newest": "3d"},
        {"clock": "captured_at", "kind": "calendar", "unit": "week", "last": 3, "tz": "Asia/Kolkata"},
    ]
)
percents = st.builds(
    lambda percent: {"kind": "hash_percent", "percent": percent, "salt": "s"}, st.integers(1, 100)
)
draws = st.one_of(
    percents,
    st.builds(lambda by, n: {"kind": "cap_per", "by": [by], "max": n}, FIELD, st.integers(1, 4)),
    st.builds(lambda by: {"kind": "balance", "by": [by]}, FIELD),
    st.builds(lambda n: {"kind": "newest", "n": n}, st.integers(1, N)),
)
doubles = st.builds(lambda by, keep: {"by": by, "keep": keep}, FIELD, st.sampled_from(["earliest", "latest"]))
choices = st.sets(st.sampled_from(["train", "val", "test"]), min_size=1).map(tuple)
# What looks at one example at a time, and then what looks at several.
single = st.builds(
    Definition,
    condition=conditions,
    window=windows,
    labels=st.sampled_from(["any", "accepted"]),
    splits=choices,
    random_only=st.booleans(),
    temporal_holdout=st.sampled_from(["", "7d"]),
    sample=st.none() | percents,
)
definitions = st.builds(
    replace,
    single,
    dedupe=st.none() | doubles,
    sample=st.none() | draws,
    max_size=st.none() | st.integers(1, N),
)


def opposite(definition: Definition) -> Definition:
    """The same of what does not meet the condition."""
    return replace(definition, condition={"op": "not", "args": [definition.condition]})


class EveryDefinition(TestCase):
    """Over rows with NULLs, missing keys and values of wrong types, half of them with answers."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.stream = StreamFactory(fields=FIELDS, policy__test_until=3000, policy__val_until=5000)
        cls.queue = QueueFactory(stream=cls.stream)
        for n in range(N):
            example = ExampleFactory(
                stream=cls.stream,
                key=f"k{n}",
                k1=["a", "b", "it's", None][n % 4],
                n1=[None, -2.0, 0.0, 1.5][n % 4],
                attributes=ODD[n % len(ODD)],
                label=[None, "a", "50%"][n % 3],
                confidence=[None, 0.1, 1.0][n % 3],
                bucket=n * 333,
                captured_at=AS_OF - timedelta(days=n * 2),
                labeled_at=None if n % 2 else AS_OF - timedelta(hours=n),
            )
            if n % 2 == 0:
                at = AS_OF - timedelta(days=n)
                answered(cls.queue, example, "ab"[n % 4 // 2], ["random", "rule"][n % 3 % 2], at)

    def ids(self, definition: Definition) -> set[int]:
        found = list(members(draft(self.stream, definition), AS_OF).values_list("pk", flat=True))
        assert len(found) == len(set(found)), "nobody is in it twice"
        return set(found)

    @settings(max_examples=40)
    @given(definition=single)
    def test_what_meets_a_condition_and_what_does_not_are_together_everything(
        self, definition: Definition
    ) -> None:
        inside, outside = self.ids(definition), self.ids(opposite(definition))
        assert inside & outside == set()
        assert inside | outside == self.ids(replace(definition, condition=None))

    @settings(max_examples=25)
    @given(definition=definitions)
    def test_with_samples_and_without_doubles_nobody_is_on_both_sides(self, definition: Definition) -> None:
        inside, outside = self.ids(definition), self.ids(opposite(definition))
        assert inside & outside == set()
        assert len(inside | outside) <= len(
            self.ids(replace(definition, condition=None, dedupe=None, sample=None, max_size=None))
        )

    @settings(max_examples=25)
    @given(definition=definitions)
    def test_who_is_in_a_slice_and_who_is_not_are_the_whole_stream(self, definition: Definition) -> None:
        version = current(slice_of(self.stream, definition, "any-slice"))
        said = {"op": "x_slice", "args": ["any-slice"]}
        inside, outside = (
            set(
                self.stream.examples.filter(Condition.from_json(node, self.stream).q(AS_OF)).values_list(
                    "pk", flat=True
                )
            )
            for node in (said, {"op": "not", "args": [said]})
        )
        assert inside == set(members(version, AS_OF).values_list("pk", flat=True))
        assert (inside & outside, len(inside | outside)) == (set(), N)

    @settings(max_examples=10)
    @given(definition=definitions)
    def test_frozen_twice_as_of_one_moment_is_the_same_manifest(self, definition: Definition) -> None:
        # half of the definitions would freeze test examples to train on: that is refused, not frozen
        splits = tuple(set(definition.splits) - {"test"}) or ("test",)
        version = current(slice_of(self.stream, replace(definition, splits=splits), "any-slice"))
        try:
            once, again = (build(version, AS_OF) for _time in range(2))
        except TooSmall:
            assert not members(version, AS_OF).exists()
            return
        proofs = ("manifest_sha256", "content_sha256", "n_by_split", "n_by_label", "funnel")
        assert [once[name] for name in proofs] == [again[name] for name in proofs]
        asked: dict[str, Any] = {"slice_version": version, "role": role_of(version), "as_of": AS_OF}
        frozen = freeze(**asked, by=None)
        ExampleFactory(stream=self.stream, captured_at=AS_OF - timedelta(days=1), bucket=9999)
        self.stream.examples.update(k1="changed", label="changed")
        later = freeze(**asked, by=None)
        assert (later.pk, later.manifest_sha256) == (frozen.pk, once["manifest_sha256"])
        assert verify(frozen)


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_change_no_manifest_that_is_finished() -> None:
    queue, as_of = QueueFactory(), timezone.now()
    stream = queue.stream
    for n in range(20):
        example = ExampleFactory(stream=stream, key=f"k{n}", bucket=9999)
        answered(queue, example, "3", at=as_of - timedelta(hours=1))
    everybody = {"labels": "any", "splits": ("train",)}
    versions = [
        current(slice_of(stream, Definition(**asked), slug))  # type: ignore[arg-type]
        for slug, asked in {
            "all": everybody,
            "labelled": {},
            "drawn": everybody | {"sample": {"kind": "newest", "n": 10}, "dedupe": {"by": "key"}},
        }.items()
    ]
    done = threading.Event()

    def arrivals(number: int) -> None:
        rows = [RowIn(key=f"new-{number}-{n}", attributes={"store": "a"}) for n in range(3)]
        receive(stream=stream, rows=rows, by=None)

    def changes(number: int) -> None:
        stream.examples.filter(key=f"k{number % 20}").update(label=str(number), confidence=0.5)

    def until_done(write: Callable[[int], None]) -> None:
        number = 0
        while not done.is_set():
            with suppress(DatabaseError):  # two writers of one row; the next one writes
                write(number)
            number += 1
        connection.close()

    writers = [threading.Thread(target=until_done, args=[write]) for write in (arrivals, changes)]
    for writer in writers:
        writer.start()
    try:
        told = []
        for version in versions * 3:
            asked: dict[str, Any] = {"slice_version": version, "role": "train", "as_of": as_of}
            snapshot = freeze_now(**asked, by=None)
            told.append((version.pk, snapshot.pk, snapshot.manifest_sha256, example_ids(snapshot)))
            assert verify(snapshot)
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert stream.examples.count() > 20, "somebody did write meanwhile"
    assert told[:3] == told[3:6] == told[6:]
    assert Snapshot.objects.count() == 3
    assert [snapshot.manifest_sha256 for snapshot in Snapshot.objects.order_by("pk") if verify(snapshot)] == [
        digest for _version, _pk, digest, _ids in told[:3]
    ]
