"""Thousands of slices: found by name, tag, attribute and state, in three orders, a page at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.conditions import Condition
from slices.definitions.actions import Definition, create_slice, current
from slices.definitions.finding import SHOWN
from slices.families.actions import create_family
from slices.models import Counting, Slice, SliceCount, SliceVersion
from tests.factories import ProjectFactory, SnapshotFactory, StreamFactory, member

pytestmark = pytest.mark.django_db
URL = "/o/acme/projects/shelves/slices/"


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="cam", project=ProjectFactory(organization__slug="acme", slug="shelves"))


@pytest.fixture
def viewer(page: Any, stream: Any) -> Any:
    return page(member(stream.organization, "viewer", stream.project))


def slice_of(stream: Any, slug: str, text: str = "", n: int | None = None, **more: Any) -> Any:
    params = {"store": "string"} if "$store" in text else {}
    condition = Condition.from_text(text, stream, params=params).json
    definition = Definition(condition=condition, params=params, labels="any", splits=("train",))
    asked = {"stream": stream, "slug": slug, "name": slug.capitalize(), "definition": definition, "by": None}
    made = create_family(**asked).slice if params else create_slice(**asked, **more)
    if n is not None:
        version = current(made)
        Counting.objects.create(organization=made.organization, slice_version=version, is_live=True)
        SliceCount.objects.create(
            organization=made.organization, slice_version=version, day=timezone.now().date(), n=n
        )
    return made


def listed(viewer: Any, query: str = "") -> list[str]:
    answer = viewer.get(f"{URL}?{query}")
    assert answer.status_code == 200
    return [row["slice"].slug for row in answer.context["rows"]]


def test_a_slice_is_found_by_name_address_tag_and_attribute(viewer: Any, stream: Any) -> None:
    slice_of(stream, "north", "store = 'n'", tags=["Winter", "night shift"])
    slice_of(stream, "south", "weight < 3")
    slice_of(stream, "store-room", "camera = 'x'")
    assert listed(viewer, "q=ort") == ["north"]
    assert listed(viewer, "q=NIGHT+shift") == ["north"]
    assert listed(viewer, "q=store") == ["north", "store-room"]
    assert listed(viewer, "q=weight") == ["south"]
    assert listed(viewer, "tag=winter") == ["north"]
    assert listed(viewer, "q=nothing") == []


def test_lists_are_narrowed_by_stream_and_state(viewer: Any, stream: Any) -> None:
    other = StreamFactory(slug="door", project=stream.project)
    north, _far = slice_of(stream, "north", n=1), slice_of(other, "far")
    SnapshotFactory(slice_version=current(north))
    slice_of(stream, "per-store", "store = $store")
    drawn = slice_of(stream, "drawn", "sample(1%, 'x')")
    Counting.objects.create(organization=drawn.organization, slice_version=current(drawn), is_live=False)
    assert listed(viewer, "stream=door") == ["far"]
    assert listed(viewer, "state=never") == ["drawn", "far"]
    assert listed(viewer, "state=anew") == ["drawn"]
    assert listed(viewer, "state=family") == ["per-store"]
    assert listed(viewer, "state=odd&order=odd&after=x") == ["drawn", "far", "north", "per-store"]


def test_three_orders(viewer: Any, stream: Any) -> None:
    now = timezone.now()
    for slug, n, days in (("a", 3, 2), ("b", 9, None), ("c", 5, 1), ("d", None, None)):
        made = slice_of(stream, slug, n=n)
        if days is not None:
            SnapshotFactory(slice_version=current(made), as_of=now - timedelta(days=days), n_total=days)
    assert listed(viewer) == ["a", "b", "c", "d"]
    assert listed(viewer, "order=members") == ["b", "c", "a", "d"]
    assert listed(viewer, "order=frozen") == ["c", "a", "b", "d"]


@pytest.mark.parametrize("order", ["name", "members", "frozen"])
def test_pages_hold_every_slice_once(viewer: Any, stream: Any, order: str) -> None:
    many(stream, 2 * SHOWN + 7)
    for row in Slice.objects.order_by("pk")[:20]:
        SnapshotFactory(slice_version=current(row), as_of=timezone.now() - timedelta(days=row.pk % 3))
    seen: list[str] = []
    query = f"?order={order}"
    while query:
        answer = viewer.get(URL + query)
        seen += [row["slice"].slug for row in answer.context["rows"]]
        query = answer.context["next_url"]
    assert len(seen) == 2 * SHOWN + 7
    assert sorted(seen) == sorted(Slice.objects.values_list("slug", flat=True))


def many(stream: Any, n: int) -> None:
    """So many slices with sums, at once."""
    organization = stream.organization
    slices = Slice.objects.bulk_create(
        Slice(
            organization=organization,
            project=stream.project,
            stream=stream,
            slug=f"s{number}",
            name=f"Same {number % 7}",
        )
        for number in range(n)
    )
    versions = SliceVersion.objects.bulk_create(
        SliceVersion(
            organization=organization,
            slice=row,
            version=1,
            splits=["train"],
            labels="any",
            definition_hash=str(row.pk),
        )
        for row in slices
    )
    Counting.objects.bulk_create(
        Counting(organization=organization, slice_version=row, is_live=True) for row in versions
    )
    SliceCount.objects.bulk_create(
        SliceCount(organization=organization, slice_version=row, day=timezone.now().date(), n=row.pk % 11)
        for row in versions
    )


def test_the_queries_are_the_same_for_one_for_three_and_for_five_thousand(viewer: Any, stream: Any) -> None:
    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            answer = viewer.get(f"{URL}?{query}")
        assert answer.status_code == 200
        assert len(answer.content) < 100_000
        return len(seen)

    asked = ("", "order=members", "order=frozen", "q=same&state=never")
    slice_of(stream, "same-a", n=1)
    listed(viewer)
    one = [queries(query) for query in asked]
    slice_of(stream, "same-b", n=1)
    slice_of(stream, "same-c", n=1)
    assert [queries(query) for query in asked] == one
    many(stream, 5_000)
    assert [queries(query) for query in asked] == one
    assert max(one) <= 15


def test_a_family_says_how_many_children_it_has_and_leads_to_its_own_page(viewer: Any, stream: Any) -> None:
    found = slice_of(stream, "per-store", "store = $store")
    family = found.family
    for store in ("a", "b"):
        family.children.create(
            organization=found.organization,
            key=store,
            name=store,
            values={"store": store},
            last_seen_on="2026-01-01",
        )
    content = viewer.get(URL).content.decode()
    assert "2 children" in content
    assert 'href="/o/acme/projects/shelves/families/per-store/"' in content
