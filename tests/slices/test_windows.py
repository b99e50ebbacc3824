"""Windows of time: which part of a stream a slice looks at, as of a moment, in every time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slices.definitions.actions import Definition
from slices.definitions.figures import days_of
from slices.definitions.members import funnel, members
from slices.definitions.routing import is_countable
from slices.definitions.saying import chips
from slices.definitions.windows import bounds, checked_window, first_day
from slices.definitions.wrong import Wrong
from slices.models import SliceVersion
from tests.factories import ExampleFactory, StreamFactory
from tests.slices.test_definitions import ANY, DB, version_of

MOMENTS = st.integers(631152000, 2840140800).map(lambda s: datetime.fromtimestamp(s, UTC))  # 1990 to 2060
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def calendar(unit: str, last: int = 1, tz: str = "UTC", **more: Any) -> dict[str, Any]:
    made = checked_window(
        {"clock": "captured_at", "kind": "calendar", "unit": unit, "last": last, "tz": tz, **more}
    )
    assert made is not None
    return made


@pytest.mark.parametrize(
    "window, start, end",
    [
        ({"length": "60d"}, "2026-01-14T10:00Z", "2026-03-15T10:00Z"),
        ({"length": "60d", "grace": "2h"}, "2026-01-14T08:00Z", "2026-03-15T08:00Z"),
        ({"length": "60d", "exclude_newest": "3d"}, "2026-01-14T10:00Z", "2026-03-12T10:00Z"),
        ({"kind": "since", "at": "2026-01-01T01:00+01:00"}, "2026-01-01T00:00Z", "2026-03-15T10:00Z"),
        (
            {"kind": "since", "at": "2026-01-01T00:00Z", "grace": "1d", "exclude_newest": "1d"},
            "2026-01-01T00:00Z",
            "2026-03-13T10:00Z",
        ),
        (
            {"kind": "between", "from": "2026-01-01T00:00Z", "to": "2026-02-01T00:00Z"},
            "2026-01-01T00:00Z",
            "2026-02-01T00:00Z",
        ),
        (
            {"kind": "between", "from": "2026-01-01T00:00Z", "to": "2027-02-01T00:00Z"},
            "2026-01-01T00:00Z",
            "2026-03-15T10:00Z",
        ),
    ],
)
def test_a_window_is_what_it_says_as_of_a_moment(window: Any, start: str, end: str) -> None:
    made = checked_window({"clock": "captured_at", **window})
    assert bounds(made, at("2026-03-15T10:00Z")) == (at(start), at(end))


@pytest.mark.parametrize(
    "window, as_of, start, end",
    [
        (calendar("day"), "2026-03-15T10:00Z", "2026-03-14T00:00Z", "2026-03-15T00:00Z"),
        (calendar("day", complete=False), "2026-03-15T10:00Z", "2026-03-15T00:00Z", "2026-03-15T10:00Z"),
        # a Sunday; weeks begin on Mondays
        (calendar("week", 4), "2026-03-15T10:00Z", "2026-02-09T00:00Z", "2026-03-09T00:00Z"),
        (calendar("month", 2), "2026-03-15T10:00Z", "2026-01-01T00:00Z", "2026-03-01T00:00Z"),
        (calendar("month", 14), "2026-03-15T10:00Z", "2025-01-01T00:00Z", "2026-03-01T00:00Z"),
        # the day on which Berlin's clocks go forward has 23 hours, the one on which they go back 25
        (calendar("day", 1, "Europe/Berlin"), "2026-03-30T10:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        (calendar("day", 1, "Europe/Berlin"), "2026-10-26T10:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        # in Sao Paulo there was no midnight on the 4th of November 2018
        (
            calendar("day", 1, "America/Sao_Paulo"),
            "2018-11-05T12:00Z",
            "2018-11-04T03:00Z",
            "2018-11-05T02:00Z",
        ),
        # an hour of grace: at half past midnight yesterday is not over yet
        (calendar("day", grace="1h"), "2026-03-15T00:30Z", "2026-03-13T00:00Z", "2026-03-14T00:00Z"),
        (
            calendar("day", 7, exclude_newest="2d"),
            "2026-03-15T10:00Z",
            "2026-03-08T00:00Z",
            "2026-03-13T10:00Z",
        ),
    ],
)
def test_days_weeks_and_months_are_those_of_the_place(window: Any, as_of: str, start: str, end: str) -> None:
    assert bounds(window, at(as_of)) == (at(start), at(end))


@given(
    as_of=MOMENTS,
    unit=st.sampled_from(["day", "week", "month"]),
    last=st.integers(1, 60),
    zone=st.sampled_from(ZONES),
)
def test_whole_units_follow_each_other_without_gap_or_overlap(
    as_of: Any, unit: Any, last: int, zone: str
) -> None:
    window = calendar(unit, last, zone)
    start, end = bounds(window, as_of)
    assert start is not None
    assert start < end <= as_of
    before = bounds(window | {"last": 1}, start + timedelta(seconds=1) if last == 1 else start)
    assert before[1] == start, "the unit before ends where the window begins"
    local = end.astimezone(ZoneInfo(zone))
    assert first_day(local.date(), unit) == local.date()


@given(
    as_of=MOMENTS,
    later=st.timedeltas(timedelta(0), timedelta(days=500)),
    window=st.one_of(
        st.builds(lambda n: {"clock": "captured_at", "length": f"{n}d"}, st.integers(1, 400)),
        st.builds(
            calendar, st.sampled_from(["day", "week", "month"]), st.integers(1, 9), st.sampled_from(ZONES)
        ),
        st.just({"clock": "captured_at", "kind": "since", "at": "1995-01-01T00:00:00.000000Z"}),
    ),
)
def test_a_window_never_moves_back(as_of: Any, later: Any, window: Any) -> None:
    first, second = bounds(window, as_of), bounds(window, as_of + later)
    assert first[0] is not None
    assert second[0] is not None
    assert first[0] <= second[0]
    assert first[1] <= second[1]


def test_one_window_is_written_one_way() -> None:
    plain = {"clock": "captured_at", "length": "60d"}
    assert checked_window({**plain, "kind": "rolling", "grace": ""}) == plain
    since = {"clock": "ingested_at", "kind": "since", "at": "2026-01-01T02:00:00+02:00"}
    assert checked_window(since) == checked_window({**since, "at": "2026-01-01T00:00Z"})
    assert checked_window(checked_window(since)) == checked_window(since)


@pytest.mark.parametrize(
    "window, part",
    [
        ([], "window/clock"),
        ({}, "window/clock"),
        ({"clock": "date", "length": "60d"}, "window/clock"),
        ({"clock": "captured_at"}, "window/length"),
        ({"clock": "captured_at", "length": 60}, "window/length"),
        ({"clock": "captured_at", "kind": "lunar"}, "window/kind"),
        ({"clock": "captured_at", "length": "60d", "unit": "week"}, "window/unit"),
        ({"clock": "captured_at", "kind": "calendar", "unit": "hour"}, "window/unit"),
        ({"clock": "captured_at", "kind": "calendar", "unit": "day", "tz": "Berlin"}, "window/tz"),
        ({"clock": "captured_at", "kind": "calendar", "unit": "day", "tz": ["UTC"]}, "window/tz"),
        ({"clock": "captured_at", "kind": "calendar", "unit": "day", "last": 0}, "window/last"),
        ({"clock": "captured_at", "kind": "calendar", "unit": "day", "last": True}, "window/last"),
        ({"clock": "captured_at", "kind": "calendar", "unit": "day", "complete": 1}, "window/complete"),
        ({"clock": "captured_at", "kind": "since", "at": "2026-01-01"}, "window/at"),
        ({"clock": "captured_at", "kind": "between", "from": "2026-01-01T00:00Z"}, "window/to"),
        (
            {
                "clock": "captured_at",
                "kind": "between",
                "from": "2026-01-02T00:00Z",
                "to": "2026-01-01T00:00Z",
            },
            "window/to",
        ),
        ({"clock": "captured_at", "length": "60d", "grace": "soon"}, "window/grace"),
        ({"clock": "labeled_at", "length": "60d", "grace": "2h"}, "window/grace"),
        ({"clock": "captured_at", "length": "3d", "exclude_newest": "3d"}, "window/exclude_newest"),
    ],
)
def test_what_is_wrong_with_a_window_is_said_of_the_part(window: Any, part: str) -> None:
    with pytest.raises(Wrong) as wrong:
        checked_window(window)
    assert (wrong.value.part, wrong.value.code) == (part, "bad_window")


@pytest.mark.django_db
@DB
@given(
    ages=st.lists(st.integers(0, 100), max_size=10),
    window=st.sampled_from(
        [
            {"clock": "captured_at", "length": "30d"},
            {"clock": "captured_at", "length": "30d", "grace": "6h", "exclude_newest": "2d"},
            {"clock": "captured_at", "kind": "calendar", "unit": "week", "tz": "Asia/Kolkata", "last": 3},
            {"clock": "captured_at", "kind": "since", "at": "2026-02-01T00:00Z"},
            {
                "clock": "ingested_at",
                "kind": "between",
                "from": "2026-01-20T00:00Z",
                "to": "2026-02-20T00:00Z",
            },
        ]
    ),
)
def test_the_members_are_those_between_the_bounds(ages: list[int], window: Any) -> None:
    stream, as_of = StreamFactory(), at("2026-03-15T10:00Z")
    moments = [as_of - timedelta(days=age, minutes=age) for age in ages]
    for moment in moments:
        ExampleFactory(stream=stream, captured_at=moment, ingested_at=moment)
    version = version_of(stream, Definition(labels="any", splits=ANY.splits, window=window))
    start, end = bounds(version.window, as_of)
    assert start is not None
    assert members(version, as_of).count() == sum(start <= moment < end for moment in moments)


@pytest.mark.django_db
def test_what_came_later_than_the_grace_allows_is_counted_as_late() -> None:
    stream, as_of = StreamFactory(), at("2026-03-15T10:00Z")
    for key, captured, hours in [("in time", 3, 1), ("late", 3, 5), ("later", 20, 90), ("in grace", 0, 1)]:
        moment = as_of - timedelta(days=captured, hours=1)
        ExampleFactory(
            stream=stream, key=key, captured_at=moment, ingested_at=moment + timedelta(hours=hours)
        )
    window = {"clock": "captured_at", "length": "60d", "grace": "2h"}
    version = version_of(stream, Definition(labels="any", splits=ANY.splits, window=window))
    assert funnel(version, as_of)[:2] == [
        {"step": "stream", "n": 4, "removed": 0},
        {"step": "window", "n": 3, "removed": 1, "late_rows": 2},
    ]


@pytest.mark.parametrize(
    "window, live",
    [
        (None, True),
        ({"clock": "captured_at", "length": "60d"}, True),
        ({"clock": "captured_at", "length": "12h"}, False),
        (calendar("week", 4), True),
        (calendar("day", 1, "Asia/Tokyo"), False),
        (checked_window({"clock": "captured_at", "kind": "since", "at": "2026-01-01T00:00Z"}), True),
        (checked_window({"clock": "captured_at", "kind": "since", "at": "2026-01-01T07:00Z"}), False),
    ],
)
@pytest.mark.django_db
def test_only_windows_that_whole_days_can_say_are_counted_live(window: Any, live: bool) -> None:
    version = SliceVersion(window=window)
    condition = type("Everything", (), {"json": None, "is_local": True, "used_fields": {}})()
    assert is_countable(version, condition) is live


@given(as_of=MOMENTS, unit=st.sampled_from(["day", "week", "month"]), last=st.integers(1, 20))
def test_the_days_of_a_calendar_window_are_exactly_its_days(as_of: Any, unit: str, last: int) -> None:
    window = calendar(unit, last)
    start, end = bounds(window, as_of)
    assume(start is not None)
    first, until = days_of(SliceVersion(window=window), as_of)
    assert (first, until + timedelta(days=1)) == (start.date(), end.date())  # type: ignore[union-attr]


@pytest.mark.django_db
def test_windows_are_said_in_words() -> None:
    stream = StreamFactory()
    said = {
        "captured in the last 4 weeks that are over (Europe/Berlin)": {
            "kind": "calendar", "unit": "week", "last": 4, "tz": "Europe/Berlin",
        },
        "captured in the last 1 day with the present one (UTC)": {
            "kind": "calendar", "unit": "day", "complete": False,
        },
        "captured since 2026-01-01": {"kind": "since", "at": "2026-01-01T00:00Z"},
        "captured from 2026-01-01 until 2026-02-01 06:30 UTC": {
            "kind": "between", "from": "2026-01-01T00:00Z", "to": "2026-02-01T06:30Z",
        },
    }  # fmt: skip
    for n, (words, window) in enumerate(said.items()):
        definition = Definition(labels="any", window={"clock": "captured_at", **window})
        assert chips(version_of(stream, definition, f"s{n}"))[0].text == words
    delayed = {"clock": "captured_at", "length": "60d", "grace": "2h", "exclude_newest": "3d"}
    version = version_of(stream, Definition(labels="any", window=delayed), "delayed")
    assert [chip.text for chip in chips(version)][:3] == [
        "captured in the last 60d",
        "with 2h of grace for late data",
        "without the newest 3d",
    ]
