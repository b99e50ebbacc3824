"""A project's page: what arrives, day by day, and where to go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import ExampleFactory, ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db
URL = "/o/acme/projects/shelves/"


@pytest.fixture
def stream() -> Any:
    return StreamFactory(slug="cam", project=ProjectFactory(organization__slug="acme", slug="shelves"))


@pytest.fixture
def viewer(page: Any, stream: Any) -> Any:
    return page(member(stream.organization, "viewer", stream.project))


def test_arrivals_are_counted_by_day_and_stream(viewer: Any, stream: Any) -> None:
    door = StreamFactory(slug="door", name="Zz", project=stream.project)
    now = timezone.now()
    for of, days in ((stream, 0), (stream, 1), (stream, 1), (door, 1), (door, 40)):
        ExampleFactory(stream=of, ingested_at=now - timedelta(days=days))
    chart = viewer.get(f"{URL}arrivals/").context["chart"]
    assert [(series.label, list(series.values)[-2:], sum(series.values)) for series in chart.series] == [
        (stream.name, [2, 1], 3),
        ("Zz", [1, 0], 1),
    ]
    assert len(chart.x) == 30


def test_nothing_that_arrived_is_no_chart(viewer: Any, stream: Any) -> None:
    answer = viewer.get(f"{URL}arrivals/")
    assert (answer.status_code, answer.context["chart"]) == (200, None)


def test_the_page_leads_to_the_explorer_of_each_stream(viewer: Any, stream: Any) -> None:
    ExampleFactory(stream=stream)
    content = viewer.get(URL).content.decode()
    assert 'href="/o/acme/projects/shelves/explore/?stream=cam"' in content
    assert 'data-parts-url="/o/acme/projects/shelves/arrivals/"' in content
    assert "data-parts-url" not in viewer.get(f"{URL}?before=99999999").content.decode()
