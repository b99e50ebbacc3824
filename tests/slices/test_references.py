"""Slices that refer to slices: by version or floating, as of the outer moment, in no circle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.conditions import Condition, ConditionError, NeedsDatabase
from slices.definitions.actions import Definition, change_slice, create_slice, current
from slices.definitions.members import members
from teams.identity.roles import Role
from tests.factories import (
    ExampleFactory,
    ProjectFactory,
    SliceFactory,
    StreamFactory,
    member,
    token,
)
from tests.security.doors import desk_post

pytestmark = pytest.mark.django_db

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
ALL = {"labels": "any", "splits": ("train", "val", "test")}


@pytest.fixture
def stream() -> Any:
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    for index in range(10):
        ExampleFactory(
            stream=stream, key=f"e{index}", k1="ab"[index % 2], captured_at=AS_OF - timedelta(days=index + 1)
        )
    return stream


def a_slice(stream: Any, name: str, text: str, **more: Any) -> Any:
    condition = Condition.from_text(text, stream).json
    definition = Definition(**{**ALL, **more}, condition=condition)
    return create_slice(stream=stream, slug=name, name=name, definition=definition, by=None)


def change(slice_: Any, node: Any, **more: Any) -> Any:
    return change_slice(slice=slice_, definition=Definition(**{**ALL, **more}, condition=node), by=None)


def refers(name: str) -> dict[str, Any]:
    return {"op": "x_slice", "args": [name]}


def keys(stream: Any, text: str, as_of: datetime = AS_OF) -> list[str]:
    condition = Condition.from_text(text, stream)
    assert condition.text == text
    return list(stream.examples.filter(condition.q(as_of)).order_by("pk").values_list("key", flat=True))


def errors(make: Any) -> list[dict[str, Any]]:
    with pytest.raises(ConditionError) as caught:
        make()
    return caught.value.errors


def test_slices_are_joined_and_taken_away(stream: Any) -> None:
    a_slice(stream, "a", "store = 'a'")
    a_slice(stream, "new", "captured_at within last 4d")
    assert keys(stream, "slice('a') and slice('new')") == ["e0", "e2"]
    assert keys(stream, "slice('a') and not slice('new')") == ["e4", "e6", "e8"]
    assert len(keys(stream, "slice('a') or not slice('a')")) == 10


def test_a_name_is_its_newest_version_and_a_number_stays(stream: Any) -> None:
    made = a_slice(stream, "a", "store = 'a' and captured_at within last 2d")
    change(made, Condition.from_text("store = 'b' and captured_at within last 4d", stream).json)
    assert keys(stream, "slice('a@1')") == ["e0"]
    for text in ("slice('a')", "slice('a@latest')", "slice('a@2')"):
        assert keys(stream, text) == ["e1", "e3"]
    same = {Condition.from_text(f"slice('{name}')", stream).hash for name in ("a", "a@latest")}
    assert len(same | {Condition.from_text("slice('a@2')", stream).hash}) == 2


def test_what_a_slice_says_beside_its_condition_holds_as_of_the_outer_moment(stream: Any) -> None:
    ExampleFactory(stream=stream, key="test", captured_at=AS_OF - timedelta(hours=1), bucket=5)
    a_slice(stream, "week", "", window={"clock": "captured_at", "length": "3d"}, splits=("train",))
    assert keys(stream, "slice('week')") == ["e0", "e1", "e2"]
    assert keys(stream, "slice('week')", AS_OF - timedelta(days=5)) == ["e5", "e6", "e7"]
    a_slice(stream, "labelled", "", labels="accepted")
    assert keys(stream, "slice('labelled')") == []
    a_slice(stream, "few", "store = 'a'", max_size=2)
    assert len(keys(stream, "slice('few')")) == 2
    assert len(keys(stream, "not slice('few')")) == 9


def test_a_slice_of_slices_has_their_members_and_says_which_versions(stream: Any) -> None:
    first = a_slice(stream, "a", "store = 'a'")
    a_slice(stream, "new", "captured_at within last 4d and slice('a')")
    outer = a_slice(stream, "outer", "slice('new@latest') and not slice('a@1')")
    change(first, Condition.from_text("store = 'b'", stream).json)
    rows = members(current(outer), AS_OF)
    assert sorted(row.key for row in rows) == ["e1", "e3"]
    condition = Condition.from_json(current(outer).condition, stream)
    assert condition.references() == {"a": 2, "a@1": 1, "new": 1}
    assert not condition.is_local
    with pytest.raises(NeedsDatabase):
        condition.matches({}, AS_OF)


def test_a_condition_keeps_the_version_that_it_was_read_with(stream: Any) -> None:
    made = a_slice(stream, "a", "store = 'a'")
    condition = Condition.from_text("slice('a')", stream)
    change(made, Condition.from_text("store = 'b'", stream).json)
    assert condition.references() == {"a": 1}
    assert stream.examples.filter(condition.q(AS_OF)).filter(k1="b").count() == 0


def test_unknown_and_foreign_slices_are_the_same_error(stream: Any) -> None:
    a_slice(stream, "hard-cases", "")
    sister = StreamFactory(project=stream.project)
    SliceFactory(stream=sister, slug="sister")
    SliceFactory(slug="foreign")
    SliceFactory(stream=StreamFactory(), slug="hard-cases-too")
    for name in ("nothing", "sister", "foreign", "hard-cases-too", "hard-cases@2"):
        (error,) = errors(lambda name=name: Condition.from_text(f"not slice('{name}')", stream))
        assert (error["code"], error["pointer"], error["span"]) == (
            "unknown_slice", "/args/0/args/0", [4, 13 + len(name)],
        )  # fmt: skip
    (error,) = errors(lambda: Condition.from_text("slice('hard-case')", stream))
    assert error["did_you_mean"] == ["hard-cases"]


def test_a_circle_is_refused_when_a_slice_is_saved(stream: Any) -> None:
    first = a_slice(stream, "first", "store = 'a'")
    a_slice(stream, "second", "slice('first')")
    third = a_slice(stream, "third", "slice('second') and slice('first@1')")
    for leads_back in ("first", "second", "third", "first@latest"):
        (error,) = errors(lambda name=leads_back: change(first, refers(name)))
        assert (error["code"], error["pointer"]) == ("cycle", "/args/0")
    assert current(first).version == 1
    # What an earlier version said is no circle: it can never change.
    assert change(first, refers("first@1")).version == 2
    assert change(third, refers("third@1")).version == 2
    assert keys(stream, "slice('third')") == ["e0", "e2", "e4", "e6", "e8"]


def test_slices_refer_to_slices_five_deep_and_no_further(stream: Any) -> None:
    a_slice(stream, "s1", "store = 'a'")
    for level in range(2, 6):
        a_slice(stream, f"s{level}", f"slice('s{level - 1}')")
    assert keys(stream, "slice('s5')") == ["e0", "e2", "e4", "e6", "e8"]
    made = a_slice(stream, "s6", "slice('s5')")
    (error,) = errors(lambda: Condition.from_text("slice('s1') and slice('s6')", stream))
    assert (error["code"], error["pointer"]) == ("too_deep", "/args/1/args/0")
    assert members(current(made), AS_OF).count() == 5


def test_references_cost_one_look_up_a_level_however_many_there_are(
    stream: Any, django_assert_num_queries: Any
) -> None:
    for n in range(3):
        a_slice(stream, f"base{n}", "")
        a_slice(stream, f"top{n}", f"slice('base{n}')")
    one = "slice('top0')"
    three = "slice('top0') or slice('top1') or slice('top2')"
    keys(stream, one)
    for text in (one, three):
        with django_assert_num_queries(2):
            Condition.from_text(text, stream)


def test_the_list_of_slices_looks_nothing_up_for_what_they_refer_to(stream: Any, page: Any) -> None:
    person = member(stream.organization, Role.MANAGER)
    browser = page(person)
    url = f"/o/{stream.organization.slug}/projects/digits/slices/"
    a_slice(stream, "base", "")
    browser.get(url)  # the first one of a session asks more
    counts = []
    for n in range(3):
        a_slice(stream, f"top{n}", "slice('base') and pred.margin < 0.1")
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(url)
        assert answer.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[2]
    assert b"slice(&#x27;base&#x27;)" in answer.content


def test_the_desk_says_beside_the_field_that_a_slice_leads_back_to_itself(stream: Any, page: Any) -> None:
    made = a_slice(stream, "first", "store = 'a'")
    a_slice(stream, "second", "slice('first')")
    browser = page(member(stream.organization, Role.MANAGER))
    address = f"/admin/slices/slice/{made.pk}/change/"
    form = {"name": "first", "labels": "any", "splits": ["train"], "min_size": 0}
    prefix = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    refused = desk_post(browser, address, **form, **prefix, condition="slice('second')")
    assert refused.context["adminform"].form.errors == {
        "condition": ["The slice 'second' leads back to 'first'."]
    }
    desk_post(browser, address, **form, **prefix, condition="slice('first@1')")
    assert (current(made).version, current(made).condition) == (2, refers("first@1"))


def test_the_check_over_rest_says_versions_and_circles(stream: Any, api: Any) -> None:
    a_slice(stream, "first", "store = 'a'")
    a_slice(stream, "second", "slice('first@1')")
    script = api(token(stream.organization, stream.project)[1])
    url = "/api/v1/projects/digits/streams/tags/conditions"
    answer = script.post(url, {"text": "slice('second')"}, content_type="application/json").json()
    assert (answer["references"], answer["count"]) == ({"first@1": 1, "second": 1}, 5)
    asked = {"text": "store = 'a' and slice('second')", "slice": "second"}
    refused = script.post(url, asked, content_type="application/json")
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["code"], error["span"]) == (422, "cycle", [16, 31])
    assert error["detail"] == "The slice 'second' leads back to 'second'."


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_cannot_close_a_circle(stream: Any) -> None:
    made = {name: a_slice(stream, name, "store = 'a'") for name in ("first", "second")}
    together = Barrier(2)

    def save(name: str, other: str) -> str:
        try:
            together.wait(timeout=20)
            change(made[name], refers(other))
        except ConditionError as refused:
            return str(refused.errors[0]["code"])
        finally:
            connection.close()
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        outcomes = pool.map(save, ("first", "second"), ("second", "first"))
    assert sorted(outcomes) == ["cycle", "saved"]
