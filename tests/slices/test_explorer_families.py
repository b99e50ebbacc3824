"""A family before it is saved: the children that it would have, those that are too small, and what a change does."""

from __future__ import annotations

from typing import Any

import pytest

from slices.models import Family
from tests.factories import ProjectFactory, StreamFactory, member
from tests.slices.test_explorer import rows, save, url

pytestmark = pytest.mark.django_db
WHERE = "store = $store and not label = 'x'"
TRAIN = {"bucket": 5000}


@pytest.fixture
def stream() -> Any:
    project = ProjectFactory(organization__slug="acme", slug="shelves")
    return StreamFactory(slug="cam", project=project, policy__test_until=1000)


@pytest.fixture
def manager(page: Any, stream: Any) -> Any:
    return page(member(stream.organization, "manager"))


def test_the_form_shows_the_largest_children_how_many_there_are_and_which_are_too_small(
    manager: Any, stream: Any
) -> None:
    for n in range(22):
        rows(stream, 1 + (n < 2), k1=f"s{n:02}", **TRAIN)
    rows(stream, 5, k1="s21", bucket=10)  # for testing: not of this slice
    rows(stream, 3, k1=None, **TRAIN)
    shown = save(manager, WHERE, again="1")
    assert (shown.status_code, dict(shown.context["form"].errors)) == (200, {})
    children = shown.context["children"]
    assert (children.n, children.members, children.few, children.more) == (22, 24, 0, 2)
    assert [(one.name, one.n) for one in children.largest[:3]] == [("s00", 2), ("s01", 2), ("s02", 1)]
    again = save(manager, WHERE, again="1", min_size="2")
    assert (again.context["children"].few, Family.objects.count()) == (20, 0)
    assert [one.few for one in again.context["children"].largest[:3]] == [False, False, True]
    text = " ".join(again.content.decode().split())
    assert "20 have fewer than 2: they are too small, and borrow a wider model." in text
    assert "and 2 smaller children" in text


def test_it_says_the_children_as_the_form_stands(manager: Any, stream: Any) -> None:
    rows(stream, 2, k1="a", **TRAIN)
    rows(stream, 1, k1="a", bucket=10)
    rows(stream, 1, k1="b", bucket=10)
    found = {
        splits: save(manager, WHERE, again="1", splits=list(splits)).context["children"].largest
        for splits in (("train",), ("train", "test"))
    }
    assert found == {("train",): [("a", 2, False)], ("train", "test"): [("a", 3, False), ("b", 1, False)]}
    nonsense = save(manager, WHERE, again="1", min_size="-1")
    assert "children" not in nonsense.context


def test_without_members_or_where_children_cannot_be_told_apart_it_says_so(manager: Any, stream: Any) -> None:
    assert "Children come with the examples." in manager.get(url(WHERE, "save/")).content.decode()
    odd = manager.get(url("store = $store or confidence < 0.5", "save/"))
    assert (odd.status_code, "no_preview" in odd.context) == (200, True)


def test_changing_a_family_shows_who_appears_and_who_goes(manager: Any, stream: Any) -> None:
    rules = {"new_values": "active", "trains": "each", "gone_after_days": "30"}
    save(manager, WHERE, name="Per store", **rules)
    rows(stream, 2, k1="a", confidence=0.9, **TRAIN)
    rows(stream, 1, k1="b", confidence=0.1, **TRAIN)
    shown = manager.get(url(f"{WHERE} and confidence > 0.5", "save/", edit="per-store"))
    effect = shown.context["effect"]
    assert [(one.name, one.kind) for one in effect.largest] == [("b", "goes")]
    assert str(effect.sentence) in shown.content.decode()


def test_a_plain_slice_has_no_children(manager: Any, stream: Any) -> None:
    shown = manager.get(url("store = 'a'", "save/"))
    assert [name for name in ("children", "effect", "no_preview") if name in shown.context] == []
