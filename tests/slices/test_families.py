"""Families: one template, a child for every value, counted by one query; wider levels, and a frozen child."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.conditions import Condition
from projects.streams.actions import receive
from projects.streams.rows import RowIn
from slices.definitions.actions import Definition, change_slice, current
from slices.definitions.counting import fold
from slices.definitions.recounting import begin, check
from slices.families.actions import Belongs, change_child, create_family, set_belongings
from slices.families.listing import lines, wider
from slices.models import Child, Snapshot
from slices.snapshots.handlers import freeze_slice
from slices.snapshots.manifest import example_ids
from teams.access.actions import issue_token
from teams.models import Event, Job
from teams.work import jobs
from tests.factories import ProjectFactory, StreamFactory, member, token

pytestmark = pytest.mark.django_db
URL = "/api/v1/projects/shelves"
PARAMS = {"store": "string"}


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="cam", project=ProjectFactory(slug="shelves"))


def family_of(stream: Any, text: str = "store = $store", **more: Any) -> Any:
    rules = {name: more.pop(name) for name in ("new_values", "gone_after_days") if name in more}
    condition = Condition.from_text(text, stream, params=PARAMS).json
    asked = {"labels": "any", "splits": ("train", "val", "test")} | more
    definition = Definition(condition=condition, params=PARAMS, **asked)
    return create_family(stream=stream, slug="gap", name="Gap", definition=definition, by=None, **rules)


def arrive(stream: Any, *stores: str, days_ago: int = 0, **attributes: Any) -> None:
    at = timezone.now() - timedelta(days=days_ago, minutes=1)
    before = stream.examples.count()
    rows = [
        RowIn(key=f"k{before + n}", captured_at=at, attributes={"store": store, **attributes})
        for n, store in enumerate(stores)
    ]
    receive(stream=stream, rows=rows, by=None)


def settle(stream: Any) -> None:
    """What the worker and the clock would have done by now."""
    for job in Job.objects.filter(state="queued", kind="slices.count"):
        jobs.run(job.pk)
    while fold(stream):
        pass


def standing(family: Any) -> dict[str, tuple[int, str]]:
    rows = lines(family, list(family.children.order_by("name")))
    return {line.child.name: (line.members, line.standing) for line in rows}


def test_every_value_that_is_here_is_a_child_and_every_new_one_becomes_one_by_itself(stream: Any) -> None:
    arrive(stream, "a", "a", "b")
    family = family_of(stream)
    settle(stream)
    assert standing(family) == {"a": (2, "active"), "b": (1, "active")}
    arrive(stream, "c", "a")
    settle(stream)
    assert standing(family) == {"a": (3, "active"), "b": (1, "active"), "c": (1, "active")}
    assert check(current(family.slice)) == []
    grown = Event.objects.filter(kind="family.grew").order_by("pk").values_list("data__children", flat=True)
    assert list(grown) == [2, 1]


def test_examples_without_the_value_are_of_no_child(stream: Any) -> None:
    family = family_of(stream, "store = $store and weight > 1")
    settle(stream)
    arrive(stream, "a", weight=2)
    arrive(stream, "b", weight=1)
    receive(stream=stream, rows=[RowIn(key="bare", attributes={"weight": 5})], by=None)
    settle(stream)
    assert standing(family) == {"a": (1, "active")}
    assert check(current(family.slice)) == []


@pytest.mark.parametrize(("rule", "states"), [("proposed", {"a": (1, "proposed")}), ("ignored", {})])
def test_new_values_are_proposed_or_left_out_where_the_family_says_so(
    stream: Any, rule: str, states: Any
) -> None:
    family = family_of(stream, new_values=rule)
    arrive(stream, "a")
    settle(stream)
    assert standing(family) == states


def test_a_child_stands_as_its_numbers_and_people_say(stream: Any) -> None:
    family = family_of(stream, min_size=2, window={"clock": "captured_at", "length": "60d"})
    arrive(stream, "large", "large", "small", "paused", "paused")
    arrive(stream, "gone", "gone", days_ago=45)
    arrive(stream, "outside", days_ago=90)
    settle(stream)
    change_child(child=family.children.get(name="paused"), state="paused", min_size=None, by=None)
    assert standing(family) == {
        "gone": (2, "gone"),
        "large": (2, "active"),
        "outside": (0, "gone"),
        "paused": (2, "paused"),
        "small": (1, "small"),
    }


def test_a_changed_template_changes_all_children_at_once(stream: Any) -> None:
    family = family_of(stream)
    arrive(stream, "a", "b", weight=3)
    arrive(stream, "a", weight=1)
    settle(stream)
    condition = Condition.from_text("store = $store and weight > 2", stream, params=PARAMS).json
    asked = Definition(condition=condition, params=PARAMS, labels="any", splits=("train", "val", "test"))
    change_slice(slice=family.slice, definition=asked, by=None)
    settle(stream)
    assert standing(family) == {"a": (1, "active"), "b": (1, "active")}


@pytest.mark.parametrize(
    "text", ["not store = $store", "store = $store or weight > 1", "store in ('a', $store)", "weight > 1"]
)
def test_a_template_whose_children_could_not_be_counted_together_is_refused(
    stream: Any, api: Any, text: str
) -> None:
    who = member(stream.organization, "manager")
    _row, secret = issue_token(
        organization=stream.organization,
        user=who,
        name="t",
        verbs=["projects.view_project", "projects.manage_project"],
        by=who,
    )
    body = {"slug": "f", "name": "F", "stream": "cam", "text": text, "params": PARAMS}
    answer = api(secret).post(f"{URL}/families", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_params")


def test_a_wider_level_adds_up_who_belongs_to_it_at_the_time(stream: Any) -> None:
    family = family_of(stream)
    arrive(stream, "a", "a", "b", "c")
    settle(stream)
    start, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    rows = [Belongs("a", "north", start), Belongs("b", "south", start), Belongs("b", "north", later)]
    assert set_belongings(stream=stream, field="store", level="region", rows=rows, by=None) == 3
    assert set_belongings(stream=stream, field="store", level="region", rows=rows, by=None) == 0

    def levels(at: datetime) -> dict[str, tuple[int, int]]:
        return {row["parent"]: (row["children"], row["members"]) for row in wider(family, "region", at)}

    assert levels(start) == {"": (1, 1), "north": (1, 2), "south": (1, 1)}
    assert levels(later) == {"": (1, 1), "north": (2, 3)}


def test_one_child_is_frozen_with_its_members_alone(stream: Any, page: Any) -> None:
    family = family_of(stream, splits=("train",))
    arrive(stream, *["a"] * 20, *["b"] * 20)
    settle(stream)
    child = family.children.get(name="a")
    browser = page(member(stream.organization, "manager"))
    here = f"/o/{stream.organization.slug}/projects/shelves/families/gap/{child.pk}/"
    assert browser.post(f"{here}freeze/").status_code == 303
    freeze_slice(stream.organization, **Job.objects.get(kind="snapshots.freeze").args)
    snapshot = Snapshot.objects.get()
    wanted = stream.examples.filter(k1="a", bucket__gte=1000).values_list("pk", flat=True)
    assert (snapshot.params, example_ids(snapshot)) == ({"store": "a"}, set(wanted))
    shown = browser.get(here)
    assert [row.pk for row in shown.context["snapshots"]] == [snapshot.pk]
    other = browser.get(here.replace(str(child.pk), str(family.children.get(name="b").pk)))
    assert other.context["snapshots"] == []


@pytest.mark.django_db(transaction=True)
def test_the_template_itself_cannot_be_frozen_and_its_page_is_the_familys(
    stream: Any, api: Any, page: Any
) -> None:
    family_of(stream, splits=("train",))
    script = api(token(stream.organization, stream.project)[1])
    answer = script.post(f"{URL}/slices/gap/snapshots", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "needs_values")
    browser = page(member(stream.organization, "manager"))
    answer = browser.get(f"/o/{stream.organization.slug}/projects/shelves/slices/gap/")
    assert (answer.status_code, answer["Location"].split("shelves")[1]) == (303, "/families/gap/")


def test_a_script_reads_children_page_by_page_and_finds_them_by_their_value(stream: Any, api: Any) -> None:
    family = family_of(stream)
    arrive(stream, "north-1", "north-2", "south-1")
    settle(stream)
    script = api(token(stream.organization, stream.project)[1])
    first = script.get(f"{URL}/families/gap/children?limit=2").json()
    second = script.get(first["next"]).json()
    names = [row["values"]["store"] for row in first["results"] + second["results"]]
    assert (sorted(names), second["next"]) == (["north-1", "north-2", "south-1"], None)
    [found] = script.get(f"{URL}/families/gap/children?q=south").json()["results"]
    assert (found["members"], found["standing"], found["labeled"]) == (1, "active", 0)
    one = script.get(f"{URL}/families/gap/children/{found['id']}").json()
    assert one == found
    shown = script.get(f"{URL}/families/gap").json()
    assert (shown["children"], shown["text"], shown["params"]) == (3, "store = $store", PARAMS)
    assert [row["slug"] for row in script.get(f"{URL}/families").json()["results"]] == ["gap"]
    assert family.children.count() == 3


def test_a_thousand_children_take_no_more_queries_than_three(
    stream: Any, page: Any, django_assert_max_num_queries: Any
) -> None:
    family_of(stream)
    browser = page(member(stream.organization, "manager"))
    here = f"/o/{stream.organization.slug}/projects/shelves/families/gap/"

    def queries(stores: int) -> int:
        arrive(stream, *[f"store-{n:04}" for n in range(stores)])
        settle(stream)
        browser.get(here)
        with django_assert_max_num_queries(60) as seen:
            shown = browser.get(here)
        assert len(shown.context["glance"].all) == stores
        return len(seen)

    assert queries(3) == queries(1000)
    by_size = browser.get(f"{here}?order=size&q=0999")
    assert [line.child.name for line in by_size.context["glance"].page] == ["store-0999"]


def test_children_are_listed_a_page_at_a_time(stream: Any, page: Any) -> None:
    family_of(stream)
    arrive(stream, *[f"store-{n:04}" for n in range(150)])
    settle(stream)
    browser = page(member(stream.organization, "viewer", stream.project))
    here = f"/o/{stream.organization.slug}/projects/shelves/families/gap/"
    first = browser.get(here)
    second = browser.get(here + first.context["next_url"])
    names = [line.child.name for answer in (first, second) for line in answer.context["glance"].page]
    assert names == [f"store-{n:04}" for n in range(150)]
    assert second.context["next_url"] == ""


def test_children_are_narrowed_by_standing_and_by_wider_level(stream: Any, page: Any) -> None:
    family_of(stream, min_size=2)
    arrive(stream, "a", "a", "a", "b", "b", "c", "d")
    settle(stream)
    since = timezone.now() - timedelta(days=9)
    rows = [
        Belongs(value, parent, since) for value, parent in (("a", "North"), ("b", "South"), ("c", "North"))
    ]
    set_belongings(stream=stream, field="store", level="region", rows=rows, by=None)
    browser = page(member(stream.organization, "viewer", stream.project))
    here = f"/o/{stream.organization.slug}/projects/shelves/families/gap/"

    def shown(query: str) -> list[str]:
        return [line.child.name for line in browser.get(here + query).context["glance"].page]

    assert shown("?standing=small") == ["c", "d"]
    assert shown("?level=region&parent=North") == ["a", "c"]
    assert shown("?level=region&parent=") == ["d"]
    assert shown("?level=region&parent=North&standing=active&order=size") == ["a"]
    skyline = browser.get(here).context["skyline"]
    assert (dict(skyline.paths).keys(), skyline.floor) == ({"active", "small"}, 33.3)
    assert "2 are below the least size of 2." in skyline.description


def test_only_managers_pause_a_child(stream: Any, page: Any) -> None:
    family = family_of(stream)
    arrive(stream, "a")
    settle(stream)
    child = Child.objects.get()
    here = f"/o/{stream.organization.slug}/projects/shelves/families/gap/{child.pk}/move/"
    assert page(member(stream.organization, "labeler", stream.project)).post(here).status_code == 403
    assert page(member(stream.organization, "manager")).post(here).status_code == 303
    assert standing(family) == {"a": (1, "paused")}


def test_beginning_a_family_counts_its_children_by_one_query(
    stream: Any, django_assert_max_num_queries: Any
) -> None:
    arrive(stream, *[f"store-{n}" for n in range(50)])
    version = current(family_of(stream).slice)
    begin(version)
    with django_assert_max_num_queries(15) as seen:
        begin(version)
    assert sum("GROUP BY" in query["sql"] for query in seen) == 1
