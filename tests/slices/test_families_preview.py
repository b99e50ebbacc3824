"""What a change of a family's template would do, before it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from slices.definitions.actions import current
from tests.factories import ProjectFactory, StreamFactory, token
from tests.slices.test_families import URL, arrive, family_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="cam", project=ProjectFactory(slug="shelves"))


@pytest.fixture
def ask(stream: Any, api: Any) -> Any:
    script = api(token(stream.organization, stream.project)[1])

    def send(**body: Any) -> Any:
        return script.post(f"{URL}/families/gap/preview", body, content_type="application/json")

    return send


def test_a_change_says_who_appears_goes_and_changes_much_and_saves_nothing(stream: Any, ask: Any) -> None:
    arrive(stream, *"a" * 10, *"b" * 10, "goes", "goes", weight=1)
    arrive(stream, *"a" * 5, "b", *["new"] * 4, weight=9)
    family = family_of(stream, "store = $store and weight < 5")
    told = ask(text="store = $store and (weight > 5 or store in ('a', 'b'))").json()
    assert told["sentence"] == "1 child changes by more than 20 %, 1 appears, 1 goes."
    names = ("is_new", "before", "after", "children", "appear", "go", "much")
    assert [told[name] for name in names] == [True, 22, 30, 3, 1, 1, 1]
    assert [(one["name"], one["kind"], one["before"], one["after"]) for one in told["largest"]] == [
        ("a", "changes", 10, 15),
        ("new", "appears", 0, 4),
        ("goes", "goes", 2, 0),
        ("b", "changes", 10, 11),
    ]
    assert told["largest"][0]["values"] == {"store": "a"}
    assert (family.slice.versions.count(), family.children.count()) == (1, 0)


def test_what_is_not_said_stays_and_the_same_again_changes_no_child(stream: Any, ask: Any) -> None:
    arrive(stream, "a", "b")
    arrive(stream, "a", days_ago=45)
    family_of(stream)
    same = ask().json()
    assert (same["is_new"], same["sentence"], same["largest"]) == (False, "No child would change.", [])
    windowed = ask(window={"clock": "captured_at", "length": "30d"}).json()
    assert [(one["name"], one["before"], one["after"]) for one in windowed["largest"]] == [("a", 2, 1)]
    least = ask(min_size=5).json()
    assert (least["is_new"], least["largest"]) == (True, [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sample": {"kind": "newest", "n": 5}}, "not_together"),
        ({"max_size": 5}, "not_together"),
        ({"text": "store = $store and nope = 1"}, "bad_condition"),
        ({"text": "store = 'a'"}, "invalid"),
        ({"stream": "cam"}, "invalid"),
    ],
)
def test_what_cannot_be_shown_is_refused(stream: Any, ask: Any, change: Any, code: str) -> None:
    family = family_of(stream)
    answer = ask(**change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert current(family.slice).version == 1


def test_the_queries_are_as_many_for_a_hundred_children_as_for_three(
    stream: Any, ask: Any, django_assert_max_num_queries: Any
) -> None:
    family_of(stream)

    def queries(stores: int) -> int:
        arrive(stream, *[f"store-{n:03}" for n in range(stores)])
        with django_assert_max_num_queries(60) as seen:
            told = ask(text="store = $store and weight > 1")
        assert (told.status_code, told.json()["go"]) == (200, stores)
        assert sum("GROUP BY" in query["sql"] for query in seen) == 2
        return len(seen)

    assert ask().status_code == 200, "the first call of a token notes that it is used"
    assert queries(3) == queries(100)
