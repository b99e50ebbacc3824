"""When a schedule is due: cron in a time zone, or every so many seconds from its making.

A cron with a fixed time fires once where that time is skipped (right after the gap) or repeated (the first
one); with a wildcard minute or hour it follows real hours. Intervals know no zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.conf import settings
from django.utils.translation import gettext as _

from teams.desk.numbers import duration
from teams.identity.refused import Refused
from teams.identity.zones import known_zones

LISTED = 20  # missed due times that get a line each
COUNTED = 1000  # and how many are counted after an absence


class Rhythm(Protocol):
    """What these functions need to know of a schedule."""

    cron: str
    every_s: int | None
    time_zone: str
    created_at: datetime


class BadRhythm(Refused):
    """A rule that cannot be followed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, code="bad_rhythm", status=422)


def next_after(schedule: Rhythm, moment: datetime) -> datetime:
    """The first due time later than `moment`, in UTC. Raises BadRhythm."""
    if schedule.every_s:
        return interval_after(schedule.created_at, schedule.every_s, moment)
    return cron_after(schedule.cron, schedule.time_zone, moment)


def following(schedule: Rhythm, moment: datetime, count: int) -> list[datetime]:
    """The next `count` due times after `moment`; fewer when the calendar ends."""
    times = [next_after(schedule, moment)]
    while len(times) < count:
        times.append(next_after(schedule, times[-1]))
    return times


def interval_after(anchor: datetime, every_s: int, moment: datetime) -> datetime:
    """The next whole number of intervals after the anchor, which counts to the second."""
    start = anchor.astimezone(UTC).replace(microsecond=0)
    passed = (moment - start) // timedelta(seconds=every_s)
    return start + timedelta(seconds=every_s) * max(1, passed + 1)


def cron_after(expression: str, time_zone: str, moment: datetime) -> datetime:
    """The first time of a cron expression after a moment.

    Compared in UTC: inside a repeated hour the wall clock would say that a past time is still to come.
    """
    try:
        for due in CronSim(expression, moment.astimezone(zone(time_zone))):
            if (at := due.astimezone(UTC)) > moment:
                return at
    except CronSimError as error:
        raise BadRhythm(_("The cron expression cannot be read: %(error)s.") % {"error": error}) from None
    except OverflowError:
        pass  # the end of the calendar
    raise BadRhythm(_("This cron expression never comes true."))


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    if name not in known_zones():
        raise BadRhythm(_("There is no time zone called “%(name)s”.") % {"name": name[:64]})
    return ZoneInfo(name)


def check_rhythm(schedule: Rhythm, now: datetime) -> None:
    """Raises BadRhythm unless the rule can be followed and does not fire faster than allowed."""
    zone(schedule.time_zone)
    if schedule.cron and schedule.every_s:
        raise BadRhythm(_("Choose a cron expression or an interval, not both."))
    if not schedule.every_s:
        check_fields(schedule.cron)
    shortest = schedule.every_s or shortest_gap(schedule.cron, now)
    if shortest < settings.SLUICE_MINIMUM_CADENCE_S:
        least = duration(settings.SLUICE_MINIMUM_CADENCE_S)
        raise BadRhythm(_("This is too often: at least %(least)s lie between two runs.") % {"least": least})


def check_fields(expression: str) -> None:
    """Seconds, years and @daily are other people's dialects."""
    if len(expression.split()) != 5:
        raise BadRhythm(_("Write five fields: minute, hour, day of the month, month, day of the week."))


def shortest_gap(expression: str, now: datetime) -> float:
    """The seconds between the two closest of the next due times, looked at in UTC where no hour is odd.

    Two days and at least ten times show every gap within an hour and across midnight.
    """
    times = [cron_after(expression, "UTC", now)]
    while len(times) < 10 or (times[-1] - times[0] < timedelta(days=2) and len(times) < 100):
        try:
            times.append(cron_after(expression, "UTC", times[-1]))
        except BadRhythm:
            break  # the calendar ends
    return min(((b - a).total_seconds() for a, b in pairwise(times)), default=float("inf"))


@dataclass(frozen=True)
class Due:
    """Which due times a look finds: the newest counts, older ones were missed."""

    newest: datetime
    missed: list[datetime] = field(default_factory=list)
    more: int = 0
    uncounted: bool = False


def due(schedule: Rhythm, first: datetime, at: datetime) -> Due:
    """All due times from `first` until `at`, however long nobody looked."""
    times = list(until(schedule, first, at))
    if len(times) <= COUNTED:
        older = times[:-1]
        return Due(times[-1], older[:LISTED], len(older[LISTED:]))
    return Due(newest_until(schedule, at), times[:LISTED], COUNTED - LISTED, uncounted=True)


def until(schedule: Rhythm, first: datetime, at: datetime) -> Iterator[datetime]:
    """`first` and what follows up to `at`, at most one more than are counted."""
    moment = first
    for _step in range(COUNTED + 1):
        yield moment
        moment = next_after(schedule, moment)
        if moment > at:
            return


def newest_until(schedule: Rhythm, at: datetime) -> datetime:
    """The last due time not after `at`: leap back far enough, then walk."""
    back = timedelta(hours=1)
    while (moment := next_after(schedule, at - back)) > at:
        back *= 2
    while (later := next_after(schedule, moment)) <= at:
        moment = later
    return moment


def zone_or_utc(name: str) -> ZoneInfo:
    """For showing times of a schedule whose zone this machine no longer knows."""
    return ZoneInfo(name if name in known_zones() else "UTC")
