"""When a schedule is due: right at every change of the clocks, and nothing that cannot be followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slices.schedules import cron
from slices.schedules.cron import BadRhythm

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Rule:
    cron: str = ""
    every_s: int | None = None
    time_zone: str = "UTC"
    created_at: datetime = NOW


def due_between(rule: Rule, start: datetime, end: datetime) -> list[datetime]:
    times, moment = [], start
    while (moment := cron.next_after(rule, moment)) < end:
        times.append(moment)
    return times


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "expression", "day", "due"),
    [
        # the clock jumps from 02:00 to 03:00: once, right after the gap
        ("Europe/Berlin", "30 2 * * *", date(2026, 3, 29), ["2026-03-29T01:00:00+00:00"]),
        ("America/New_York", "30 2 * * *", date(2026, 3, 8), ["2026-03-08T07:00:00+00:00"]),
        # half an hour is skipped, 02:00 to 02:30: 02:15 fires at 02:30, and 02:30 itself exists
        ("Australia/Lord_Howe", "15 2 * * *", date(2026, 10, 4), ["2026-10-03T15:30:00+00:00"]),
        ("Australia/Lord_Howe", "30 2 * * *", date(2026, 10, 4), ["2026-10-03T15:30:00+00:00"]),
        # the hour comes twice: once, the first time
        ("Europe/Berlin", "30 2 * * *", date(2026, 10, 25), ["2026-10-25T00:30:00+00:00"]),
        ("America/New_York", "30 1 * * *", date(2026, 11, 1), ["2026-11-01T05:30:00+00:00"]),
        ("Australia/Lord_Howe", "45 1 * * *", date(2026, 4, 5), ["2026-04-04T14:45:00+00:00"]),
        ("Australia/Lord_Howe", "30 2 * * *", date(2026, 4, 5), ["2026-04-04T16:00:00+00:00"]),
        # an ordinary day
        ("Europe/Berlin", "30 2 * * *", date(2026, 7, 1), ["2026-07-01T00:30:00+00:00"]),
    ],
)
def test_a_daily_time_fires_exactly_once_whatever_the_clocks_do(
    zone: str, expression: str, day: date, due: list[str]
) -> None:
    start = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1)
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    times = due_between(Rule(cron=expression, time_zone=zone), start, end)
    assert [at.isoformat() for at in times] == due


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Europe/Berlin", date(2026, 7, 1), 24),
    ],
)
def test_hourly_follows_real_hours(zone: str, day: date, hours: int) -> None:
    start = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1)
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    times = due_between(Rule(cron="0 * * * *", time_zone=zone), start, end)
    assert len(times) == hours
    assert {b - a for a, b in pairwise(times)} == {timedelta(hours=1)}


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"]
ZONES += ["Antarctica/Troll", "Africa/Casablanca", "Pacific/Chatham", "America/St_Johns", "Europe/Dublin"]


@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    start=st.dates(date(2024, 1, 1), date(2032, 12, 1)),
)
def test_a_daily_time_has_one_firing_for_each_day_of_the_calendar(
    zone: str, hour: int, minute: int, start: date
) -> None:
    """Against a scan of the calendar: the wall time itself, its first pass, or the end of its gap."""
    tz = ZoneInfo(zone)
    expected = [first_valid(tz, start + timedelta(days=n), hour, minute) for n in range(30)]
    rule = Rule(cron=f"{minute} {hour} * * *", time_zone=zone)
    assert (
        due_between(rule, expected[0] - timedelta(minutes=1), expected[-1] + timedelta(minutes=1)) == expected
    )


def first_valid(tz: ZoneInfo, day: date, hour: int, minute: int) -> datetime:
    moment = datetime.combine(day, time(hour, minute), tz)
    while moment.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != moment.replace(tzinfo=None):
        moment += timedelta(minutes=1)  # inside a gap
    return moment.astimezone(UTC)


@pytest.mark.parametrize("seconds", range(0, 7200, 300))
def test_asked_inside_a_repeated_hour_the_answer_lies_ahead(seconds: int) -> None:
    """By the wall clock a time of the first pass looks as if it were still to come in the second."""
    moment = local("Europe/Berlin", 2026, 10, 25, 2, 0) + timedelta(seconds=seconds)
    for expression in ("30 2 * * *", "*/20 * * * *", "0 2,3 * * *"):
        assert cron.next_after(Rule(cron=expression, time_zone="Europe/Berlin"), moment) > moment


def test_an_interval_counts_from_the_making_and_knows_no_zone() -> None:
    rule = Rule(
        every_s=3600, time_zone="Europe/Berlin", created_at=datetime(2026, 3, 28, 12, 7, 3, 500, tzinfo=UTC)
    )
    start = datetime(2026, 3, 29, tzinfo=UTC)
    times = due_between(rule, start, start + timedelta(hours=4))
    assert [at.isoformat() for at in times] == [f"2026-03-29T0{hour}:07:03+00:00" for hour in range(4)]


@given(every=st.integers(1, 10**6), passed=st.floats(0, 10**8))
def test_the_next_interval_is_the_first_after_the_moment(every: int, passed: float) -> None:
    moment = NOW + timedelta(seconds=passed)
    due = cron.interval_after(NOW, every, moment)
    assert moment < due <= moment + timedelta(seconds=every)
    assert (due - NOW) % timedelta(seconds=every) == timedelta(0)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Rule(cron="0 0 30 2 *"), "cannot be read"),
        (Rule(cron="0 0 */30 2 MON#5"), "never comes true"),
        (Rule(cron="61 * * * *"), "Bad minute"),
        (Rule(cron="* * * * * *"), "five fields"),
        (Rule(cron="@daily"), "five fields"),
        (Rule(cron=""), "five fields"),
        (Rule(cron="0 3 * * *", time_zone="Europe/Bärlin"), "no time zone"),
        (Rule(cron="0 3 * * *", time_zone="Europe"), "no time zone"),
        (Rule(cron="0 3 * * *", time_zone="../etc/passwd"), "no time zone"),
        (Rule(every_s=60, time_zone=""), "no time zone"),
        (Rule(cron="* * * * *"), "too often"),
        (Rule(cron="0,5 3 1 1 *"), "too often"),
        (Rule(every_s=899), "too often"),
        (Rule(cron="0 3 * * *", every_s=3600), "not both"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused_with_a_sentence(rule: Rule, sentence: str) -> None:
    with pytest.raises(BadRhythm, match=sentence):
        cron.check_rhythm(rule, NOW)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(cron="0 3 * * *", time_zone="Europe/Berlin"),
        Rule(cron="*/15 * * * *"),
        Rule(cron="0 0 29 2 *"),
        Rule(cron="0 9 * * MON-FRI", time_zone="America/New_York"),
        Rule(every_s=900),
    ],
)
def test_a_rule_that_can_be_followed_is_not_refused(rule: Rule) -> None:
    cron.check_rhythm(rule, NOW)


@given(st.text("0123456789*/-,#LWMONFEB ", max_size=40))
def test_whatever_is_written_there_is_an_answer_or_a_sentence(expression: str) -> None:
    try:
        cron.check_rhythm(Rule(cron=expression), NOW)
    except BadRhythm:
        return
    assert cron.next_after(Rule(cron=expression), NOW) > NOW


def test_what_was_missed_is_listed_counted_and_the_newest_found() -> None:
    rule = Rule(every_s=3600)
    due = cron.due(rule, NOW + timedelta(hours=1), NOW + timedelta(hours=30, minutes=5))
    assert due.newest == NOW + timedelta(hours=30)
    assert due.missed == [NOW + timedelta(hours=n) for n in range(1, 21)]
    assert (due.more, due.uncounted) == (9, False)


@pytest.mark.parametrize("rule", [Rule(every_s=1), Rule(cron="* * * * *"), Rule(cron="*/7 0-4 * * *")])
def test_after_a_long_absence_the_newest_is_still_found(rule: Rule) -> None:
    at = NOW + timedelta(days=100, hours=13, seconds=30)
    due = cron.due(rule, cron.next_after(rule, NOW), at)
    assert due.newest <= at < cron.next_after(rule, due.newest)
    assert (len(due.missed), due.more, due.uncounted) == (20, 980, True)
