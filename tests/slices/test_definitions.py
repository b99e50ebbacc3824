"""What a slice means: who is in, in which order it narrows, and that its versions never change."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.conditions import Condition, ConditionError
from slices.definitions.actions import Definition, change_slice, create_slice, current
from slices.definitions.asking import live_count
from slices.definitions.members import funnel, members, steps
from slices.definitions.saying import chips
from slices.models import SliceVersion
from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)

pytestmark = pytest.mark.django_db

ANY = Definition(labels="any", splits=("train", "val", "test"))
DB = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def labelled(queue: Any, label: str = "3", selected_by: str = "rule", at: Any = None, **fields: Any) -> Any:
    """An example with an accepted answer; its annotation."""
    example = ExampleFactory(stream=queue.stream, **fields)
    return answered(queue, example, label, selected_by, at)


def answered(queue: Any, example: Any, label: str, selected_by: str = "rule", at: Any = None) -> Any:
    task = TaskFactory(queue=queue, example=example, selected_by=selected_by, state="accepted", open_slots=0)
    return AnnotationFactory(task=task, label=label, accepted_at=at or timezone.now() - timedelta(minutes=5))


def slice_of(stream: Any, definition: Definition = ANY, slug: str = "all", **names: Any) -> Any:
    return create_slice(
        stream=stream, slug=slug, name=names.get("name", slug.title()), definition=definition, by=None
    )


def version_of(stream: Any, definition: Definition = ANY, slug: str = "all") -> SliceVersion:
    return current(slice_of(stream, definition, slug))


def keys(version: Any, as_of: Any = None) -> list[str]:
    return sorted(row.key for row in members(version, as_of or timezone.now()))


def test_a_slice_takes_its_labels_from_the_queues_it_names() -> None:
    queue = QueueFactory()
    control = QueueFactory(stream=queue.stream, counts=False)
    labelled(queue, key="main")
    labelled(control, key="control")
    ExampleFactory(stream=queue.stream, key="unlabelled")
    assert keys(version_of(queue.stream, Definition())) == ["main"]
    assert keys(version_of(queue.stream, Definition(queues=(control.pk,)), "control")) == ["control"]
    assert keys(version_of(queue.stream, ANY, "any")) == ["control", "main", "unlabelled"]


def test_the_newest_accepted_answer_is_the_label_and_later_ones_are_not_there_yet() -> None:
    queue, now = QueueFactory(), timezone.now()
    example = ExampleFactory(stream=queue.stream, captured_at=now - timedelta(hours=5))
    other = QueueFactory(stream=queue.stream)
    first = answered(queue, example, "3", at=now - timedelta(hours=3))
    second = answered(other, example, "8", at=now - timedelta(hours=1))
    version = version_of(queue.stream, Definition())
    label_of = lambda as_of: [row.annotation_id for row in members(version, as_of)]  # noqa: E731
    assert label_of(now) == [second.pk]
    assert label_of(now - timedelta(hours=2)) == [first.pk]
    assert label_of(now - timedelta(hours=4)) == []


def test_an_evaluation_slice_takes_only_what_was_drawn_by_lot() -> None:
    queue = QueueFactory()
    labelled(queue, key="hard", bucket=5)
    labelled(queue, key="lot", bucket=6, selected_by="random")
    labelled(queue, key="asked", bucket=7, selected_by="ask")
    held_out = Definition(splits=("test",), random_only=True)
    assert keys(version_of(queue.stream, held_out)) == ["lot"]


def test_a_window_takes_its_beginning_and_leaves_its_end() -> None:
    stream, as_of = StreamFactory(), timezone.now() - timedelta(days=1)
    for key, offset in {"before": -61, "first": -60, "inside": -1, "last": 0, "after": 1}.items():
        ExampleFactory(stream=stream, key=key, captured_at=as_of + timedelta(days=offset))
    windowed = Definition(labels="any", splits=ANY.splits, window={"clock": "captured_at", "length": "60d"})
    assert keys(version_of(stream, windowed), as_of) == ["first", "inside"]
    assert keys(version_of(stream, ANY, "all-of-it"), as_of) == ["before", "first", "inside"]


def test_the_steps_of_narrowing_are_counted_in_their_order() -> None:
    queue = QueueFactory()
    for n in range(6):
        labelled(queue, k1="ab"[n % 2], captured_at=timezone.now() - timedelta(days=n * 20))
    ExampleFactory(stream=queue.stream, k1="a")
    definition = Definition(
        condition=Condition.from_text("store = 'a'", queue.stream).json,
        window={"clock": "captured_at", "length": "60d"},
        max_size=1,
    )
    version = version_of(queue.stream, definition)
    assert [(row["step"], row["n"]) for row in funnel(version, timezone.now())] == [
        ("stream", 7),
        ("window", 4),
        ("condition", 3),
        ("labels", 2),
        ("split", 2),
        ("limit", 1),
    ]
    assert live_count(version) == (1, True)


@DB
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9999), st.sampled_from("ab"), st.booleans(), st.integers(0, 90)), max_size=12
    ),
    splits=st.sets(st.sampled_from(["train", "val", "test"]), min_size=1),
    most=st.none() | st.integers(1, 6),
)
def test_every_step_only_narrows_and_the_last_is_the_members(rows: Any, splits: Any, most: Any) -> None:
    queue, now = QueueFactory(), timezone.now()
    for bucket, store, answer, age in rows:
        fields = {"bucket": bucket, "k1": store, "captured_at": now - timedelta(days=age, hours=1)}
        if answer:
            labelled(queue, **fields)
        else:
            ExampleFactory(stream=queue.stream, **fields)
    condition = Condition.from_text("store = 'a'", queue.stream).json
    window = {"clock": "captured_at", "length": "60d"}
    definition = Definition(condition=condition, window=window, splits=sorted(splits), max_size=most)
    version = version_of(queue.stream, definition)
    sets = [set(found.values_list("pk", flat=True)) for _name, found in steps(version, now)]
    assert all(later <= earlier for earlier, later in pairwise(sets))
    by_hand = sum(
        1
        for bucket, store, answer, age in rows
        if store == "a" and answer and age < 60 and ("test" if bucket < 1000 else "train") in splits
    )
    assert len(sets[-1]) == min(by_hand, most or by_hand)
    assert {row.pk for row in members(version, now)} == sets[-1]
    assert [row["n"] for row in funnel(version, now)][1:] == [len(found) for found in sets]


@DB
@given(buckets=st.lists(st.integers(0, 9999), min_size=1, max_size=20))
def test_what_is_trained_on_is_never_tested_on(buckets: list[int]) -> None:
    stream = StreamFactory()
    for bucket in buckets:
        ExampleFactory(stream=stream, bucket=bucket, split_key=f"group-{bucket}")
    groups = {
        split: set(
            members(
                version_of(stream, Definition(labels="any", splits=(split,)), split), timezone.now()
            ).values_list("split_key", flat=True)
        )
        for split in ("train", "val", "test")
    }
    assert not groups["train"] & groups["test"]
    assert len(set.union(*groups.values())) == len(set(buckets)), "every example is in one of them"


def test_a_limit_keeps_the_same_members_while_others_arrive() -> None:
    stream = StreamFactory()
    for n in range(30):
        ExampleFactory(stream=stream, key=f"first-{n}")
    version = version_of(stream, Definition(labels="any", splits=ANY.splits, max_size=10))
    before = keys(version)
    for n in range(3):
        ExampleFactory(stream=stream, key=f"later-{n}")
    after = keys(version)
    assert (len(before), len(after)) == (10, 10)
    assert len(set(before) - set(after)) <= 3, "each newcomer takes the place of one at most"


def test_a_change_is_a_new_version_and_the_same_meaning_is_none() -> None:
    stream = StreamFactory()
    made = slice_of(stream)
    change_slice(slice=made, definition=Definition(labels="any", splits=("test", "val", "train")), by=None)
    assert current(made).version == 1
    change_slice(slice=made, definition=Definition(labels="any", min_size=5), by=None)
    assert (current(made).version, current(made).min_size) == (2, 5)
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == [
        "slice.created",
        "slice.changed",
    ]


def test_two_ways_to_write_one_condition_are_one_meaning() -> None:
    stream = StreamFactory()
    texts = [
        "store = 'a' and weight > 2",
        "weight > 2 and store = 'a'",
        "not not (weight > 2) and store = 'a'",
    ]
    definitions = [Definition(condition=Condition.from_text(text, stream).json) for text in texts]
    assert len({definition.checked(stream).hash for definition in definitions}) == 1
    other = Definition(condition=Condition.from_text("store = 'a' and weight > 3", stream).json)
    assert other.checked(stream).hash != definitions[0].checked(stream).hash


def test_a_definition_that_cannot_be_is_refused() -> None:
    stream, foreign = StreamFactory(), QueueFactory()
    bad = [
        Definition(window={"clock": "captured_at", "length": "sixty"}),
        Definition(window={"clock": "yesterday", "length": "60d"}),
        Definition(splits=("holdout",)),
        Definition(splits=()),
        Definition(queues=(foreign.pk,)),
        Definition(max_size=1, min_size=5),
    ]
    for definition in bad:
        with pytest.raises(Refused):
            slice_of(stream, definition)
    with pytest.raises(ConditionError):
        slice_of(stream, Definition(condition={"op": "=", "args": [{"property": "nope"}, 1]}))


def test_a_meaning_is_said_in_the_order_in_which_it_narrows() -> None:
    stream = QueueFactory().stream
    definition = Definition(
        condition=Condition.from_text("store = 'a' and weight > 2", stream).json,
        window={"clock": "captured_at", "length": "60d"},
        splits=("test",),
        random_only=True,
        min_size=300,
    )
    assert [chip.text for chip in chips(version_of(stream, definition))] == [
        "captured in the last 60d",
        "store = 'a'",
        "weight > 2",
        "with an accepted label",
        "drawn by lot only",
        "in the split test",
        "at least 300",
    ]


def test_a_script_reads_what_a_slice_means_and_how_many_are_in_it(api: Any) -> None:
    queue = QueueFactory(stream=StreamFactory(project=ProjectFactory(slug="digits")))
    for store in "aab":
        labelled(queue, k1=store)
    condition = Condition.from_text("store = 'a'", queue.stream).json
    slice_of(queue.stream, Definition(condition=condition), "from-a")
    script = api(token(queue.organization, queue.project)[1])
    listed = script.get("/api/v1/projects/digits/slices").json()
    assert ([row["slug"] for row in listed["results"]], listed["next"]) == (["from-a"], None)
    one = script.get("/api/v1/projects/digits/slices/from-a").json()
    assert {name: one[name] for name in ("text", "count", "exact", "version", "splits")} == {
        "text": "store = 'a'",
        "count": 2,
        "exact": True,
        "version": 1,
        "splits": ["train"],
    }
    assert script.get("/api/v1/projects/digits/slices/nothing").status_code == 404


def test_the_list_of_slices_takes_the_same_queries_for_one_and_for_three(
    page: Any, django_assert_num_queries: Any
) -> None:
    stream = StreamFactory()
    slice_of(stream, name="First")
    client = page(member(stream.organization, Role.MANAGER))
    url = f"/o/{stream.organization.slug}/projects/{stream.project.slug}/slices/"
    client.get(url)  # content types are looked up once a process
    with django_assert_num_queries(11):
        client.get(url)
    slice_of(stream, ANY, "two")
    slice_of(stream, ANY, "three")
    with django_assert_num_queries(11):
        content = client.get(url).content.decode()
    assert ("First" in content, "Three" in content) == (True, True)
    assert "First" not in client.get(url, {"q": "thre"}).content.decode()
    assert "No slice is like this" in client.get(url, {"q": "nothing\x00"}).content.decode()
