"""The desk's form of a slice: everything that a slice can mean, and every error beside its field."""

from __future__ import annotations

from typing import Any

import pytest

from slices.definitions.actions import current
from slices.models import Slice
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import StreamFactory, member
from tests.slices.test_definitions import ANY, slice_of
from tests.teams.test_invitations import desk_post

pytestmark = pytest.mark.django_db
ADD, LIST = "/admin/slices/slice/add/", "/admin/slices/slice/"
FORM = {"name": "Cart", "slug": "cart", "labels": "any", "splits": ["train"], "min_size": 0}
NO_VERSIONS = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}


@pytest.fixture
def stream() -> Any:
    return StreamFactory()


@pytest.fixture
def browser(stream: Any, page: Any) -> Any:
    return page(member(stream.organization, Role.MANAGER))


def errors(answer: Any) -> dict[str, Any]:
    """The fields that something is said at."""
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def test_a_manager_says_everything_that_a_slice_can_mean(stream: Any, browser: Any) -> None:
    answer = desk_post(
        browser, ADD, **FORM, stream=stream.pk, tags="North, night  shift,north", condition="store = 'a'",
        window_kind="calendar", window_clock="captured_at", window_unit="week", window_last=4,
        window_tz="Europe/Berlin", window_complete="on", window_exclude_newest="3d", temporal_holdout="7d",
        dedupe_by="camera", dedupe_keep="latest", sample_kind="cap_per", sample_by="label, store", sample_n=50,
        max_size=1000,
    )  # fmt: skip
    assert answer.status_code == 302
    made = Slice.objects.get()
    version = current(made)
    assert (made.tags, made.speaks_of) == (["night shift", "north"], ["camera", "label", "store"])
    assert version.window == {
        "clock": "captured_at", "kind": "calendar", "unit": "week", "tz": "Europe/Berlin", "last": 4,
        "complete": True, "exclude_newest": "3d",
    }  # fmt: skip
    assert version.sample == {"kind": "cap_per", "by": ["label", "store"], "max": 50, "salt": "slice"}
    assert (version.dedupe, version.temporal_holdout) == ({"by": "camera", "keep": "latest"}, "7d")
    address = f"{LIST}{made.pk}/change/"
    shown = browser.get(address).context["adminform"].form
    values = {name: shown.get_initial_for_field(field, name) for name, field in shown.fields.items()}
    typed = {name: value for name, value in values.items() if value or value == 0}
    same = desk_post(browser, address, **NO_VERSIONS, **{**typed, "from_queues": []})
    assert same.status_code == 302, "what it shows can be saved as it stands"
    assert current(made).version == 1
    page = browser.get(f"{LIST}{made.pk}/change/").content.decode()
    assert "captured in the last 4 weeks that are over (Europe/Berlin), without the newest 3d" in page


@pytest.mark.parametrize(
    "typed, field",
    [
        ({"window_kind": "rolling"}, "window_length"),
        ({"window_kind": "rolling", "window_length": "60"}, "window_length"),
        ({"window_kind": "calendar", "window_tz": "Berlin"}, "window_tz"),
        ({"window_kind": "since"}, "window_from"),
        ({"window_kind": "between", "window_from": "2026-01-02T00:00"}, "window_to"),
        ({"window_kind": "rolling", "window_length": "60d", "window_grace": "x"}, "window_grace"),
        (
            {"window_kind": "rolling", "window_length": "1d", "window_exclude_newest": "2d"},
            "window_exclude_newest",
        ),
        ({"dedupe_by": "nothing"}, "dedupe_by"),
        ({"sample_kind": "hash_percent"}, "sample_percent"),
        ({"sample_kind": "cap_per", "sample_by": "store"}, "sample_n"),
        ({"sample_kind": "balance"}, "sample_by"),
        ({"sample_kind": "newest"}, "sample_n"),
        ({"temporal_holdout": "a week"}, "temporal_holdout"),
        ({"max_size": 5, "min_size": 6}, "max_size"),
        ({"condition": "nothing = 3"}, "condition"),
        ({"tags": "x" * 41}, "tags"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(stream: Any, browser: Any, typed: Any, field: str) -> None:
    answer = desk_post(browser, ADD, **{**FORM, **typed}, stream=stream.pk)
    assert list(errors(answer)) == [field]
    assert not Slice.objects.exists()


def test_a_window_between_two_days_comes_back_as_it_was_typed(stream: Any, browser: Any) -> None:
    days = {"window_from": "2026-01-01T00:00", "window_to": "2026-02-01T12:30"}
    desk_post(browser, ADD, **FORM, stream=stream.pk, window_kind="between", **days)
    made = Slice.objects.get()
    assert current(made).window == {
        "clock": "captured_at", "kind": "between",
        "from": "2026-01-01T00:00:00.000000Z", "to": "2026-02-01T12:30:00.000000Z",
    }  # fmt: skip
    page = browser.get(f"{LIST}{made.pk}/change/").content.decode()
    assert 'value="2026-01-01T00:00:00"' in page
    assert 'value="2026-02-01T12:30:00"' in page


def test_another_tag_is_no_other_meaning(stream: Any, browser: Any) -> None:
    made = slice_of(stream, ANY, "all")
    form = {**FORM, "slug": "all", "splits": ANY.splits, "name": "Everything", "tags": "whole"}
    desk_post(browser, f"{LIST}{made.pk}/change/", **form, **NO_VERSIONS)
    made.refresh_from_db()
    assert (made.name, made.tags, current(made).version) == ("Everything", ["whole"], 1)
    event = Event.objects.get(kind="slice.described")
    assert event.data["changed"] == ["name", "tags"]


def test_slices_are_found_by_name_tag_and_attribute(stream: Any, browser: Any) -> None:
    desk_post(browser, ADD, **FORM, stream=stream.pk, tags="north", condition="camera = 'left'")
    slice_of(stream, ANY, "other")
    for query in ("q=cart", "q=north", "q=camera", "tag=north"):
        rows = browser.get(f"{LIST}?{query}").context["cl"].result_list
        assert [row.slug for row in rows] == ["cart"], query
