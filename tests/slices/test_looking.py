"""What a slice is made of, how it came over time, and two slices side by side."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from projects.conditions import Condition
from slices.definitions import looking
from slices.definitions.actions import Definition
from slices.definitions.comparing import Side, compare, first_examples
from slices.definitions.looking import Seen
from slices.definitions.members import members
from slices.definitions.mixing import Point, course, mix, over_time
from teams.identity.refused import Refused
from tests.factories import ExampleFactory, ProjectFactory, QueueFactory, StreamFactory, token
from tests.slices.test_definitions import ANY, DB, labelled, slice_of, version_of

pytestmark = pytest.mark.django_db


def where(stream: Any, text: str, **more: Any) -> Definition:
    node = Condition.from_text(text, stream).json
    return Definition(**{"labels": "any", "splits": ANY.splits, "condition": node, **more})


def test_a_slice_says_what_it_is_made_of() -> None:
    queue = QueueFactory()
    for label, store in zip("3338", "abab", strict=True):
        labelled(queue, label, k1=store, predicted="3")
    ExampleFactory(stream=queue.stream, k1="c", attributes={"camera": "left"})
    found = mix(version_of(queue.stream), timezone.now(), top=2)
    assert (found.n, found.exact) == (5, True)
    assert list(found.fields) == ["label", "prediction", "store", "camera"]
    assert found.fields["label"] == ([Seen("3", 3), Seen("8", 1)], 0, 1)
    assert found.fields["prediction"] == ([Seen("3", 4)], 0, 1)
    assert found.fields["store"] == ([Seen("a", 2), Seen("b", 2)], 1, 0)
    assert found.fields["camera"] == ([Seen("left", 1)], 0, 4)


def test_a_slice_of_nothing_is_made_of_nothing() -> None:
    stream = StreamFactory()
    version = version_of(stream, where(stream, "store = 'a' and not store = 'a'"))
    now = timezone.now()
    assert (mix(version, now).n, over_time(version, now).points) == (0, [])
    assert compare(Side(version), Side(version), now).both == (0, [])


def test_members_come_day_by_day_with_the_days_on_which_none_came() -> None:
    queue = QueueFactory()
    monday = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    labelled(queue, captured_at=monday)
    ExampleFactory(stream=queue.stream, captured_at=monday)
    ExampleFactory(stream=queue.stream, captured_at=monday + timedelta(days=2))
    found = over_time(version_of(queue.stream), timezone.now())
    assert (found.unit, found.clock, found.exact, found.before) == ("day", "captured_at", True, 0)
    assert found.points == [
        Point(date(2026, 3, 2), 2, 1),
        Point(date(2026, 3, 3), 0, 0),
        Point(date(2026, 3, 4), 1, 0),
    ]


@given(
    days=st.dictionaries(st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.integers(1, 9), max_size=40),
)
def test_no_course_has_too_many_points_and_none_loses_a_member(days: Any) -> None:
    given_ = [Point(on, n, n // 2) for on, n in sorted(days.items())]
    found = course(given_, "captured_at", True)
    assert len(found.points) <= 92
    assert sum(point.members for point in found.points) + found.before == sum(days.values())
    assert [point.on for point in found.points] == sorted({point.on for point in found.points})


@DB
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["3", "8", None])), max_size=12),
    stores=st.tuples(
        st.sets(st.sampled_from("abc"), min_size=1), st.sets(st.sampled_from("abc"), min_size=1)
    ),
)
def test_two_slices_are_compared_as_sets_are(rows: Any, stores: Any) -> None:
    queue, now = QueueFactory(), timezone.now()
    known = {}
    for store, label in rows:
        made = (
            labelled(queue, label, k1=store).example
            if label
            else ExampleFactory(stream=queue.stream, k1=store)
        )
        known[made.pk] = label or ""
    sides, sets = [], []
    for n, wanted in enumerate(stores):
        some = ", ".join(f"'{store}'" for store in sorted(wanted))
        version = version_of(queue.stream, where(queue.stream, f"store in ({some})"), f"s{n}")
        sides.append(Side(version))
        sets.append(set(members(version, now).values_list("pk", flat=True)))
    a, b = sets
    found = compare(sides[0], sides[1], now)
    expected = {"only_a": a - b, "both": a & b, "only_b": b - a}
    for name, ids in expected.items():
        part = getattr(found, name)
        assert (part.n, {one.value: one.n for one in part.labels}) == (
            len(ids),
            dict(Counter(known[pk] for pk in ids)),
        )
        shown = first_examples(sides[0], sides[1], now, name, 3)
        assert [row.pk for row in shown] == sorted(ids, reverse=True)[:3]
    assert (found.relabeled, found.exact) == (0, True)


def test_a_member_of_both_may_have_another_label_in_each() -> None:
    queue = QueueFactory()
    control = QueueFactory(stream=queue.stream, counts=False)
    annotation = labelled(queue, "3")
    from tests.slices.test_definitions import answered

    answered(control, annotation.example, "8")
    one = version_of(queue.stream, Definition(), "one")
    other = version_of(queue.stream, Definition(queues=(control.pk,)), "other")
    found = compare(Side(one), Side(other), timezone.now())
    assert (found.both.n, found.relabeled, found.both.labels) == (1, 1, [Seen("3", 1)])


def test_slices_of_two_streams_have_nothing_in_common() -> None:
    one, other = version_of(StreamFactory()), version_of(StreamFactory())
    with pytest.raises(Refused) as refusal:
        compare(Side(one), Side(other), timezone.now())
    assert refusal.value.code == "other_stream"


def test_what_takes_too_long_is_reckoned_from_a_share(monkeypatch: Any) -> None:
    stream = StreamFactory()
    ids = [ExampleFactory(stream=stream, k1="a").pk for _ in range(300)]
    version = version_of(stream)
    rows = members(version, timezone.now())
    some = [list(looking.share_of(rows, 64).values_list("pk", flat=True)) for _ in range(2)]
    assert some[0] == some[1], "always the same ones"
    assert 0 < len(some[0]) < 40
    assert set(some[0]) < set(ids)
    monkeypatch.setattr(looking, "bounded", hurried())
    found = mix(version, timezone.now())
    assert (found.exact, found.n) == (False, len(some[0]) * 64)
    assert found.fields["store"].values == [Seen("a", len(some[0]) * 64)]


def hurried() -> Any:
    """As `bounded`, but the first look has no time at all."""
    from projects.conditions.counting import bounded

    looks = iter([1])
    return lambda ms: bounded(next(looks, 60_000))


def test_a_script_compares_two_slices(api: Any) -> None:
    queue = QueueFactory(stream=StreamFactory(project=ProjectFactory(slug="digits")))
    for store in "aab":
        labelled(queue, k1=store, key=f"{store}-{ExampleFactory._meta.model.objects.count()}")
    slice_of(queue.stream, ANY, "all")
    slice_of(queue.stream, where(queue.stream, "store = 'a'"), "from-a")
    script = api(token(queue.organization, queue.project)[1])
    url = "/api/v1/projects/digits/slices"
    found = script.get(f"{url}/all/compare/from-a").json()
    assert {name: found[name]["n"] for name in ("only_a", "both", "only_b")} == {
        "only_a": 1,
        "both": 2,
        "only_b": 0,
    }
    assert [row["key"] for row in found["only_a"]["examples"]] == ["b-2"]
    assert (found["a"], found["b"], found["exact"]) == ("all@1", "from-a@1", True)
    breakdowns = script.get(f"{url}/from-a/mix").json()["breakdowns"]
    assert breakdowns[0] == {"field": "label", "values": [{"value": "3", "n": 2}], "other": 0, "missing": 0}
    assert script.get(f"{url}/from-a/over-time").json()["points"][0]["labeled"] == 2
    assert script.get(f"{url}/from-a/mix?version=2").status_code == 404
    assert script.get(f"{url}/from-a/mix?as_of=yesterday").status_code == 422
    assert script.get(f"{url}/from-a/mix?as_of=2020-01-01T00:00:00Z").json()["n"] == 0
