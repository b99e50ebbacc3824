"""How numbers and times are said to people."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

MINUS = "−"
NOTHING = "–"
MINUTE, HOUR, DAY = 60, 3600, 86400


def number(value: float | int | None, decimals: int = 0) -> str:
    """With the separators of the reader's locale; a dash for None."""
    if value is None:
        return NOTHING
    rounded = round(value, decimals)  # Django's own formatting cuts digits off: 56.99… would read 56.9
    return number_format(rounded, decimal_pos=decimals, force_grouping=True).replace("-", MINUS)


def percent(share: float | None, decimals: int = 0) -> str:
    """A share from 0 to 1 as a percentage."""
    if share is None:
        return NOTHING
    return gettext("%(number)s%%") % {"number": number(share * 100, decimals)}


def signed(value: float | int | None, decimals: int = 0) -> str:
    """A change: its sign is always said, with the minus of typography; what rounds to nothing has none."""
    if value is None:
        return NOTHING
    text = number(abs(value), decimals)
    if round(abs(value), decimals) == 0:
        return text
    return ("+" if value > 0 else MINUS) + text


def duration(seconds: float | timedelta | None) -> str:
    """The two largest units: `1 h 20 min`, `45 s`, `3 d 2 h`."""
    if seconds is None:
        return NOTHING
    left = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    if left < 10:
        return gettext("%(n)s s") % {"n": number(left, 0 if left == int(left) else 1)}
    units = (
        (DAY, gettext("%(n)s d")),
        (HOUR, gettext("%(n)s h")),
        (MINUTE, gettext("%(n)s min")),
        (1, gettext("%(n)s s")),
    )
    parts = []
    whole = round(left)
    for size, form in units:
        count, whole = divmod(whole, size)
        if count:
            parts.append(form % {"n": number(count)})
    return " ".join(parts[:2])


def exact(moment: datetime) -> str:
    """Date, time and zone, for those who need to be sure."""
    local = localtime(moment)
    return f"{date_format(local, gettext('j M Y, H:i'))} {local.tzname()}"


def relative(moment: datetime, now: datetime) -> str:
    """In one unit: `3 minutes ago`, `in 2 days`; beyond a month the date itself."""
    seconds = (now - moment).total_seconds()
    distance = abs(seconds)
    if distance < 45:
        return gettext("just now") if seconds >= 0 else gettext("in a moment")
    if distance > 30 * DAY:
        return date_format(localtime(moment), gettext("j M Y"))
    past = seconds >= 0
    if distance < 59.5 * MINUTE:
        return _minutes(max(1, round(distance / MINUTE)), past)
    if distance < 36 * HOUR:
        return _hours(max(1, round(distance / HOUR)), past)
    return _days(max(1, round(distance / DAY)), past)


def _minutes(n: int, past: bool) -> str:
    if past:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", n) % {"n": n}
    return ngettext("in %(n)s minute", "in %(n)s minutes", n) % {"n": n}


def _hours(n: int, past: bool) -> str:
    if past:
        return ngettext("%(n)s hour ago", "%(n)s hours ago", n) % {"n": n}
    return ngettext("in %(n)s hour", "in %(n)s hours", n) % {"n": n}


def _days(n: int, past: bool) -> str:
    if past:
        return ngettext("%(n)s day ago", "%(n)s days ago", n) % {"n": n}
    return ngettext("in %(n)s day", "in %(n)s days", n) % {"n": n}
