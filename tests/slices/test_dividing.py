"""Splits that never leak: buckets, other cuts, another salt, groups that are put into a split by name."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from projects.conditions import Condition
from projects.conditions.compiling import SplitBucket, split_under
from projects.conditions.evaluating import row_of
from projects.streams.actions import receive
from projects.streams.dividing import assign_groups, change_split, comparable, groups_of, oddities
from projects.streams.rows import RowIn
from projects.streams.splits import bucket_of, cuts_of
from slices.definitions.actions import Definition
from slices.definitions.counting import fold
from slices.definitions.members import members
from slices.definitions.recounting import begin, check
from slices.definitions.routers import router_of
from slices.models import Slice
from teams.identity.refused import Refused
from teams.models import Job
from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, token
from tests.slices.test_counts import sums
from tests.slices.test_definitions import DB, slice_of, version_of

VECTORS = [
    ("ch_demo:1", "store-17", 3323),
    ("ch_demo:1", "store-18", 4759),
    ("ch_demo:2", "store-17", 6962),
    ("ch_demo:1", "café-1", 1838),
]
ORDER = {"test": 0, "val": 1, "train": 2}
pytestmark = pytest.mark.django_db


def arrive(stream: Any, *stores: str, start: int = 0) -> None:
    rows = [RowIn(key=f"k{n}", attributes={"store": store}) for n, store in enumerate(stores, start)]
    receive(stream=stream, rows=rows, by=None)


def placed(stream: Any) -> dict[str, str]:
    """{key: split}, said alike by SQL, by Python, by a condition, and by the members of slices."""
    cuts = cuts_of(stream)
    rows = stream.organization.examples.filter(stream=stream)
    by_sql = dict(rows.annotate(split=split_under(cuts)).values_list("key", "split"))
    assert by_sql == {row.key: cuts.split_of(row.bucket, row.split_key) for row in rows}
    for split in ORDER:
        condition = Condition.from_text(f"split('{split}')", stream)
        told = set(rows.filter(condition.q(timezone.now())).values_list("key", flat=True))
        assert told == {key for key, where in by_sql.items() if where == split}
        assert told == {row.key for row in rows if condition.matches(row_of(row, stream), timezone.now())}
    return by_sql


@pytest.mark.parametrize("salt, group, bucket", VECTORS)
def test_buckets_are_those_of_the_vectors_in_python_and_in_sql(salt: str, group: str, bucket: int) -> None:
    assert bucket_of(salt, group) == bucket
    ExampleFactory(split_key=group)
    from projects.models import Example

    assert Example.objects.annotate(b=SplitBucket(salt)).get().b == bucket


@DB
@given(
    groups=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9), max_size=9
    )
)
def test_any_groups_bucket_is_the_same_in_sql(groups: Any) -> None:
    stream = StreamFactory()
    for n, group in enumerate(groups):
        ExampleFactory(stream=stream, key=f"k{n}", split_key=group)
    rows = stream.organization.examples.filter(stream=stream).annotate(b=SplitBucket("s:1"))
    assert dict(rows.values_list("key", "b")) == {f"k{n}": bucket_of("s:1", g) for n, g in enumerate(groups)}


@DB
@given(
    cuts=st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(sorted),
    later=st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(sorted),
)
def test_under_one_salt_rows_only_ever_move_towards_training(cuts: Any, later: Any) -> None:
    stream = StreamFactory(policy__test_until=cuts[0], policy__val_until=cuts[1])
    arrive(stream, *[f"s{n}" for n in range(25)])
    before = placed(stream)
    wanted = {"test_until": later[0], "val_until": later[1], "by": None}
    if later[0] > cuts[0] or later[1] > cuts[1]:
        with pytest.raises(Refused) as refusal:
            change_split(stream=stream, **wanted)
        assert (refusal.value.code, placed(stream)) == ("split_grows", before)
    else:
        change_split(stream=stream, **wanted)
        assert all(ORDER[before[key]] <= ORDER[split] for key, split in placed(stream).items())


def test_a_stream_that_is_divided_anew_keeps_who_was_assigned_and_marks_the_rest() -> None:
    stream = StreamFactory(split_by="store")
    arrive(stream, *[f"s{n}" for n in range(60)])
    assert assign_groups(stream=stream, split="test", groups=["new-1", "new-2"], by=None) == 2
    arrive(stream, "new-1", "new-2", "new-1", start=60)
    before, first = placed(stream), stream.split_policies.get()
    assert {before[f"k{n}"] for n in (60, 61, 62)} == {"test"}
    made = change_split(stream=stream, test_until=3000, val_until=4000, anew=True, by=None)
    after = placed(stream)
    assert (made.version, made.salt != first.salt, comparable(made, first)) == (2, True, False)
    assert {after[f"k{n}"] for n in (60, 61, 62)} == {"test"}
    hashed = [f"k{n}" for n in range(60)]
    assert {key: bucket_of(made.salt, f"s{key[1:]}") < 3000 for key in hashed} == {
        key: after[key] == "test" for key in hashed
    }
    arrive(stream, "s3", "new-2", start=70)
    assert (placed(stream)["k70"], placed(stream)["k71"]) == (after["k3"], "test")
    row = RowIn(key="own", attributes={"store": "told"}, split="test")
    receive(stream=stream, rows=[row], by=None)
    assert placed(stream)["own"] == "test", "an import's own split holds under any salt"
    smaller = change_split(stream=stream, test_until=2000, val_until=4000, by=None)
    assert (smaller.salt, comparable(made, smaller)) == (made.salt, True)


def test_a_group_that_has_arrived_elsewhere_is_not_moved() -> None:
    stream = StreamFactory(split_by="store")
    trained = next(f"s{n}" for n in range(99) if bucket_of(f"{stream.slug}:1", f"s{n}") >= 1000)
    arrive(stream, trained)
    with pytest.raises(Refused) as refusal:
        assign_groups(stream=stream, split="test", groups=["new", trained], by=None)
    assert (refusal.value.code, stream.split_assignments.count()) == ("split_conflict", 0)
    assert assign_groups(stream=stream, split="train", groups=[trained], by=None) == 1
    assert assign_groups(stream=stream, split="test", groups=["new"], by=None) == 1
    assert assign_groups(stream=stream, split="test", groups=["new"], by=None) == 0
    with pytest.raises(Refused):
        assign_groups(stream=stream, split="train", groups=["new"], by=None)
    with pytest.raises(Refused):
        assign_groups(stream=StreamFactory(), split="test", groups=["new"], by=None)


def test_nothing_is_trained_on_that_is_tested_whatever_happens_to_the_cuts() -> None:
    stream = StreamFactory(split_by="store")
    arrive(stream, *[f"s{n % 40}" for n in range(80)])
    train, test = (
        version_of(stream, Definition(labels="any", splits=(split,)), split) for split in ("train", "test")
    )
    for change in (
        {"test_until": 1000, "val_until": 3000, "anew": True},
        {"test_until": 500, "val_until": 900},
    ):
        change_split(stream=stream, by=None, **change)
        groups = [
            set(members(one, timezone.now()).values_list("split_key", flat=True)) for one in (train, test)
        ]
        assert groups[0]
        assert not groups[0] & groups[1]


def test_counts_follow_other_splits() -> None:
    stream = StreamFactory(split_by="store")
    arrive(stream, *[f"s{n}" for n in range(50)])
    made = slice_of(stream, Definition(labels="any", splits=("test",)), "test")
    version = begin(made.versions.get()).slice_version
    change_split(stream=stream, test_until=6000, val_until=6000, anew=True, by=None)
    assert Job.objects.filter(kind="slices.count", args__slice_id=Slice.objects.get().pk).count() == 2
    begin(version)
    arrive(stream, *[f"t{n}" for n in range(20)], start=50)
    while fold(stream):
        pass
    assert router_of(stream).entries
    assert sums(version)[0] == members(version, timezone.now()).count() > 20
    assert check(version) == []


def test_few_groups_are_warned_of() -> None:
    stream = StreamFactory(split_by="store")
    assert oddities(stream) == []
    arrive(stream, *[f"s{n % 7}" for n in range(20)])
    assert (groups_of(stream), [one.code for one in oddities(stream)]) == (7, ["few_groups"])
    arrive(stream, *[f"s{n}" for n in range(60)], start=20)
    assert oddities(stream) == []
    change_split(stream=stream, test_until=0, val_until=0, by=None)
    assert [one.code for one in oddities(stream)] == ["no_test"]


def test_a_script_reads_and_changes_how_a_stream_is_divided(api: Any) -> None:
    stream = StreamFactory(project=ProjectFactory(slug="digits"), slug="tags", split_by="store")
    url = "/api/v1/projects/digits/streams/tags/splits"
    from tests.slices.test_slices_api import VERBS

    script = api(managing(stream, VERBS))
    send = lambda method, path, body: getattr(script, method)(path, body, content_type="application/json")  # noqa: E731
    told = script.get(url).json()
    assert told["policies"] == [
        {
            "version": 1, "salt": "tags:1", "test_until": 1000, "val_until": 1000,
            "shares": {"test": 10, "val": 0, "train": 90}, "comparable_with": [],
        }
    ]  # fmt: skip
    grown = send("post", url, {"test_until": 2000, "val_until": 2000})
    assert (grown.status_code, grown.json()["code"]) == (422, "split_grows")
    assert send("post", url, {"test_until": 500, "val_until": 900}).json()["policies"][0][
        "comparable_with"
    ] == [1]
    anew = send("post", url, {"test_until": 2000, "val_until": 2000, "anew": True}).json()
    assert [(one["salt"], one["comparable_with"]) for one in anew["policies"]] == [
        ("tags:3", []),
        ("tags:1", [1]),
        ("tags:1", [2]),
    ]
    put = send("put", f"{url}/groups", {"split": "test", "groups": ["s1", "s2"]})
    assert (put.status_code, put.json()) == (200, {"assigned": 2})
    assert script.get(f"{url}/groups?limit=1").json()["results"] == [{"group": "s1", "split": "test"}]
    reading = api(token(stream.organization, stream.project)[1])
    assert reading.get(url).status_code == 200
    assert send("post", url, {"test_until": 5000, "val_until": 10}).status_code == 422


def managing(stream: Any, verbs: Any) -> str:
    """The text of a manager's token."""
    from teams.access.actions import issue_token
    from teams.identity.roles import Role
    from tests.factories import member

    manager = member(stream.organization, Role.MANAGER)
    _row, text = issue_token(
        organization=stream.organization, user=manager, name="test", verbs=verbs, by=manager
    )
    return text
