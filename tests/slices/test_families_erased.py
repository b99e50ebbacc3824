"""A value that names a child of a family goes with the last example that had it, and no sooner."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from projects.erasure.actions import erase
from projects.erasure.choosing import Wanted
from projects.streams.actions import receive
from projects.streams.rows import RowIn
from slices.definitions.actions import current
from slices.definitions.recounting import begin, check
from slices.models import Child, SliceCount
from slices.snapshots.actions import freeze
from tests.labeling.importing import work
from tests.slices.test_families import arrive, family_of, settle, stream

__all__ = ["stream"]
pytestmark = pytest.mark.django_db


def erased(stream: Any, *keys: str) -> None:
    """These examples, and everything that is kept of them."""
    erase(project=stream.project, stream=stream, wanted=Wanted(keys=keys), by=None)
    work()


def a_family(stream: Any, **more: Any) -> Any:
    """Of two stores: k0 and k1 of ann, k2 of bob."""
    family = family_of(stream, **more)
    begin(current(family.slice))
    arrive(stream, "ann", "ann", "bob")
    settle(stream)
    return family


def names() -> list[tuple[str, Any]]:
    """The children, and whether they are marked."""
    return list(Child.objects.order_by("name").values_list("name", "bereft_at"))


def test_a_child_goes_with_its_last_example(stream: Any) -> None:
    family = a_family(stream)
    erased(stream, "k0")
    assert names() == [("ann", None), ("bob", None)]
    erased(stream, "k1")
    assert names() == [("bob", None)]
    assert set(SliceCount.objects.values_list("key", flat=True)) == {'{"store":"bob"}'}
    assert check(current(family.slice)) == []


def test_it_comes_again_with_its_value(stream: Any) -> None:
    family = a_family(stream)
    erased(stream, "k0", "k1")
    row = RowIn("again", captured_at=timezone.now(), attributes={"store": "ann"})
    receive(stream=stream, rows=[row], by=None)
    settle(stream)
    assert names() == [("ann", None), ("bob", None)]
    assert check(current(family.slice)) == []


def test_one_that_was_frozen_stays(stream: Any) -> None:
    stream.split_policies.update(test_until=0, val_until=0)  # all of it is in train
    version = current(a_family(stream, splits=("train",)).slice)
    freeze(slice_version=version, role="train", as_of=timezone.now(), by=None, values={"store": "ann"})
    erased(stream, "k0", "k1")
    assert names() == [("ann", None), ("bob", None)]
