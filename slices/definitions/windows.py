"""Windows of time: which part of a stream a slice looks at, as of a moment.

Half-open, [start, end), on a clock that is always named. Kinds:
{"clock", "length": "60d"} - rolling, a fixed length of time (a day is 24 hours);
{"clock", "kind": "calendar", "unit": "week", "tz": "Europe/Berlin", "last": 4, "complete": true} - local midnights;
{"clock", "kind": "since", "at": time} - growing; {"clock", "kind": "between", "from": time, "to": time} - fixed.
`grace` moves the whole window back, so that late data has arrived; `exclude_newest` leaves out what people had no
time to label yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.utils.translation import gettext as _

from projects.conditions.nodes import duration, moment
from slices.definitions.wrong import Wrong
from teams.identity.zones import known_zones

CLOCKS = ("captured_at", "ingested_at", "labeled_at")
KINDS = ("rolling", "calendar", "since", "between")
UNITS = ("day", "week", "month")
MOST_UNITS = 1000
DELAYS = ("grace", "exclude_newest")
DAY = timedelta(days=1)

Window = Mapping[str, Any]


def checked_window(window: Any) -> dict[str, Any] | None:
    """A window in its one form; None takes everything. Raises Wrong at the part that makes no sense."""
    if window is None:
        return None
    if not isinstance(window, Mapping) or window.get("clock") not in CLOCKS:
        sentence = _("A window goes by one of the clocks captured_at, ingested_at and labeled_at.")
        raise Wrong("window/clock", sentence, "bad_window")
    kind = window.get("kind", "rolling")
    if kind not in KINDS:
        sentence = _("A window is rolling, calendar, since or between.")
        raise Wrong("window/kind", sentence, "bad_window")
    made = {"clock": window["clock"], **CHECKS[kind](window), **checked_delays(window)}
    unknown = sorted(set(window) - set(made) - {"kind", "complete", *DELAYS})
    if unknown:
        sentence = _("A window of this kind has no “%(name)s”.") % {"name": str(unknown[0])[:40]}
        raise Wrong(f"window/{str(unknown[0])[:40]}", sentence, "bad_window")
    if delay(made, "exclude_newest") >= least_length(made):
        sentence = _("This leaves nothing of the window.")
        raise Wrong("window/exclude_newest", sentence, "bad_window")
    return made


def checked_rolling(window: Window) -> dict[str, Any]:
    """A fixed length of time; that it is rolling goes without saying."""
    if duration(window.get("length")) is None:
        raise Wrong("window/length", _("A length of time like 60d, 12h or 8w."), "bad_window")
    return {"length": window["length"]}


def checked_calendar(window: Window) -> dict[str, Any]:
    """Days, weeks or months of a place."""
    unit, zone, last = window.get("unit"), window.get("tz", "UTC"), window.get("last", 1)
    complete = window.get("complete", True)
    if unit not in UNITS:
        raise Wrong("window/unit", _("A unit is day, week or month."), "bad_window")
    if not isinstance(zone, str) or zone not in known_zones():
        raise Wrong("window/tz", _("A time zone like Europe/Berlin."), "bad_window")
    if not isinstance(last, int) or isinstance(last, bool) or not 1 <= last <= MOST_UNITS:
        sentence = _("How many units: from 1 to %(most)s.") % {"most": MOST_UNITS}
        raise Wrong("window/last", sentence, "bad_window")
    if not isinstance(complete, bool):
        raise Wrong("window/complete", _("Whether only complete units count: true or false."), "bad_window")
    return {"kind": "calendar", "unit": unit, "tz": zone, "last": last, "complete": complete}


def checked_since(window: Window) -> dict[str, Any]:
    """Everything from a moment on."""
    return {"kind": "since", "at": checked_moment(window, "at")}


def checked_between(window: Window) -> dict[str, Any]:
    """Between two moments."""
    start, end = checked_moment(window, "from"), checked_moment(window, "to")
    if start >= end:
        raise Wrong("window/to", _("The end comes after the beginning."), "bad_window")
    return {"kind": "between", "from": start, "to": end}


CHECKS: dict[str, Callable[[Window], dict[str, Any]]] = {
    "rolling": checked_rolling,
    "calendar": checked_calendar,
    "since": checked_since,
    "between": checked_between,
}


def checked_moment(window: Window, name: str) -> str:
    """A moment in UTC, so that one moment is written one way."""
    found = moment(window.get(name))
    if found is None:
        raise Wrong(f"window/{name}", _("A time with its zone, like 2026-01-01T00:00Z."), "bad_window")
    return found.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def checked_delays(window: Window) -> dict[str, str]:
    """`grace` and `exclude_newest`, where they are given."""
    given = {name: window[name] for name in DELAYS if window.get(name)}
    for name, value in given.items():
        if duration(value) is None:
            raise Wrong(f"window/{name}", _("A length of time like 2h or 3d."), "bad_window")
    if "grace" in given and window["clock"] != "captured_at":
        sentence = _("Only by captured_at can anything be late.")
        raise Wrong("window/grace", sentence, "bad_window")
    return given


def delay(window: Window, name: str) -> timedelta:
    """How long; none where nothing is said."""
    return duration(window.get(name)) or timedelta()


def least_length(window: Window) -> timedelta:
    """How long a checked window is, at least; a growing or a fixed one is as long as it is."""
    match window.get("kind", "rolling"):
        case "calendar":
            return {"day": DAY, "week": 7 * DAY, "month": 28 * DAY}[window["unit"]] * window["last"]
        case "since" | "between":
            return timedelta.max
    return delay(window, "length")


def bounds(window: Window | None, as_of: datetime) -> tuple[datetime | None, datetime]:
    """[start, end) as of a moment; without a start, everything before the end."""
    if window is None:
        return None, as_of
    now = as_of - delay(window, "grace")
    newest = now - delay(window, "exclude_newest")
    match window.get("kind", "rolling"):
        case "calendar":
            start, end = calendar(window, now)
            return start, min(end, newest)
        case "since":
            return moment(window["at"]), newest
        case "between":
            fixed = moment(window["to"])
            assert fixed is not None  # checked when it was saved
            return moment(window["from"]), min(fixed, newest)
    return now - delay(window, "length"), newest


def calendar(window: Window, now: datetime) -> tuple[datetime, datetime]:
    """The last units; with `complete`, those that are over, else the one that runs is one of them."""
    zone = ZoneInfo(window["tz"])
    running = first_day(now.astimezone(zone).date(), window["unit"])
    complete = window["complete"]
    first = earlier(running, window["unit"], window["last"] - (0 if complete else 1))
    return midnight(first, zone), midnight(running, zone) if complete else now


def first_day(day: date, unit: str) -> date:
    """Of the week (a Monday) or the month that a day is in."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def earlier(day: date, unit: str, n: int) -> date:
    """The first day of the unit that is `n` before the one that begins on this day."""
    if unit == "month":
        months = day.year * 12 + day.month - 1 - n
        return date(months // 12, months % 12 + 1, 1)
    return day - timedelta(days=n * (7 if unit == "week" else 1))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Where a day begins. Where clocks jump over midnight this is the first moment after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def in_window(window: Window | None, as_of: datetime) -> Q:
    """A filter over Example; without a window, everything captured before."""
    start, end = bounds(window, as_of)
    clock = clock_of(window)
    found = Q(**{f"{clock}__lt": end})
    return found if start is None else Q(**{f"{clock}__gte": start}) & found


def clock_of(window: Window | None) -> str:
    """The time that a window goes by; without one, when things happened."""
    return str((window or {}).get("clock", "captured_at"))


def late(window: Window) -> Q:
    """What came later than the grace allows: a snapshot that it belonged to may have gone without it."""
    return Q(ingested_at__gte=F("captured_at") + delay(window, "grace"))


def by_whole_days(window: Window | None) -> bool:
    """Whether whole days, UTC, say well enough who is in it: where it rolls, parts of a day at its ends may be off."""
    if window is None:
        return True
    match window.get("kind", "rolling"):
        case "calendar":
            return bool(window["tz"] in ("UTC", "Etc/UTC"))
        case "since" | "between":
            return all(begins_a_day(window[name]) for name in ("at", "from", "to") if name in window)
    return delay(window, "length") >= 2 * DAY


def begins_a_day(text: str) -> bool:
    """Whether a moment is a midnight, UTC."""
    return text.endswith("T00:00:00.000000Z")
