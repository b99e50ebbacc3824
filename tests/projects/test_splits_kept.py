"""Examples that come with their train/test assignment: it is kept, and nothing ever leaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.models import Example, SplitAssignment
from projects.streams.splits import Cuts, bucket_of
from tests.factories import ProjectFactory, StreamFactory, token

URL = "/api/v1/projects/digits/streams/tags/examples"
pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="tags", project=ProjectFactory(slug="digits"), policy__val_until=2000)


@pytest.fixture
def send(stream: Any, api: Any) -> Any:
    script = api(token(stream.organization, stream.project)[1])
    return lambda *rows, **more: script.post(
        URL, {"examples": list(rows)} | more, content_type="application/json"
    ).json()


def split_of(bucket: int, policy: Any) -> str:
    return Cuts(policy).split_of(bucket, "")


def splits(stream: Any) -> dict[str, str]:
    policy = stream.split_policies.get()
    return {row.key: split_of(row.bucket, policy) for row in Example.objects.filter(stream=stream)}


def errors(answer: Any) -> dict[int, tuple[str, str]]:
    return {
        row["index"]: (row["errors"][0]["pointer"], row["errors"][0]["code"])
        for row in answer["rows"]
        if row["outcome"] == "rejected"
    }


def row(n: int, split: str | None = None, store: str | None = None) -> dict[str, Any]:
    said = {"key": f"k{n}", "attributes": {} if store is None else {"store": store}}
    return said | ({"split": split} if split else {})


def test_an_import_keeps_its_assignment(send: Any, stream: Any) -> None:
    wanted = {f"k{n}": ("train", "val", "test")[n % 3] for n in range(60)}
    send(*(row(n, wanted[f"k{n}"]) for n in range(60)))
    assert splits(stream) == wanted


def test_where_the_hash_agrees_the_bucket_is_the_hashs(send: Any, stream: Any) -> None:
    policy = stream.split_policies.get()
    send(*(row(n, split_of(bucket_of(policy.salt, f"k{n}"), policy)) for n in range(40)))
    assert {one.key: one.bucket for one in Example.objects.all()} == {
        f"k{n}": bucket_of(policy.salt, f"k{n}") for n in range(40)
    }


def test_an_example_never_moves_and_the_row_says_so(send: Any, stream: Any) -> None:
    send(row(1, "test"), row(2, "train"))
    answer = send(row(1, "train"), row(2, "train"), row(1))
    assert errors(answer) == {0: ("/examples/0/split", "split_conflict")}
    assert splits(stream) == {"k1": "test", "k2": "train"}


def test_a_split_that_the_stream_has_no_room_for_is_the_rows_error(api: Any) -> None:
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))  # no val
    script = api(token(stream.organization, stream.project)[1])
    rows = [row(1, "val"), row(2, "test"), row(3, "dev")]
    answer = script.post(URL, {"examples": rows}, content_type="application/json").json()
    assert errors(answer) == {0: ("/examples/0/split", "empty_split"), 2: ("/examples/2/split", "type")}


def test_a_group_goes_together_today_and_later(send: Any, stream: Any) -> None:
    stream.split_by = "store"
    stream.save()
    policy = stream.split_policies.get()
    trained = next(f"s{n}" for n in range(99) if split_of(bucket_of(policy.salt, f"s{n}"), policy) == "train")
    answer = send(row(1, "test", trained), row(2, "train", trained), row(3, None, trained))
    assert errors(answer) == {1: ("/examples/1/split", "split_conflict")}
    later = send(row(4, None, trained), row(5, "val", trained))
    assert errors(later) == {1: ("/examples/1/split", "split_conflict")}
    assert splits(stream) == {"k1": "test", "k3": "test", "k4": "test"}
    assert list(SplitAssignment.objects.values_list("split_key", flat=True)) == [trained]


def test_a_group_that_is_here_stays_where_its_hash_put_it(send: Any, stream: Any) -> None:
    stream.split_by = "store"
    stream.save()
    policy = stream.split_policies.get()
    trained = next(f"s{n}" for n in range(99) if split_of(bucket_of(policy.salt, f"s{n}"), policy) == "train")
    send(row(1, None, trained), {"key": trained, "attributes": {"store": trained}})
    answer = send(row(2, "test", trained), row(3, "train", trained))
    assert errors(answer) == {0: ("/examples/0/split", "split_conflict")}
    assert SplitAssignment.objects.count() == 0, "what the hash says anyway needs no keeping"


SPLITS = st.sampled_from([None, "train", "val", "test"])


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), SPLITS), max_size=8), max_size=4
    )
)
def test_whatever_comes_no_group_is_ever_on_two_sides(send: Any, stream: Any, batches: Any) -> None:
    Example.objects.all().delete()
    SplitAssignment.objects.all().delete()
    stream.split_by = "store"
    stream.save()
    seen: dict[str, str] = {}
    for batch in batches:
        if batch:
            # an example's group is a function of its key, as it is in life
            send(*(row(key, split, f"g{key % 3}") for key, _unused, split in batch))
        now = splits(stream)
        assert {key: now[key] for key in seen} == seen, "nothing has moved"
        seen = now
    sides: dict[str, set[str]] = {}
    for key, side in seen.items():
        sides.setdefault(Example.objects.get(key=key).split_key, set()).add(side)
    assert all(len(one) == 1 for one in sides.values())
