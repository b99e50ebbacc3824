"""Lengths of the calendar, and times inside JSON."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import datetime, timedelta
from typing import Any, NamedTuple

LONGEST = timedelta(days=100 * 366)
ISO = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9})S)?)?"
)

# A time inside JSON. What this takes, PostgreSQL can cast, so that no cast ever fails: days that their month has,
# leap years, zones of less than 16 hours. Read the same by both, so it keeps to what both know.
_DATE = (
    r"(?:(?:19|[2-8][0-9])[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:(?:19|[2-8][0-9])(?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[357][26])00)-02-29)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ZONE = r"(?:[Zz]|[+-](?:0[0-9]|1[0-5]):?[0-5][0-9])"
CASTABLE = rf"^{_DATE}[Tt ]{_CLOCK}(?:\.[0-9]{{1,9}})?{_ZONE}$"
_castable = re.compile(CASTABLE.replace("$", r"\Z"))
_parts = re.compile(r"(.{19})(?:\.([0-9]+))?(.+)")


class Length(NamedTuple):
    """A length of the calendar: months are as long as they are, the rest is fixed."""

    months: int
    rest: timedelta

    def before(self, end: datetime) -> datetime:
        """The moment this long before `end`, in its zone; 31 March less a month is the last of February."""
        month = end.year * 12 + end.month - 1 - self.months
        year, month = divmod(month, 12)
        day = min(end.day, monthrange(year, month + 1)[1])
        return end.replace(year=year, month=month + 1, day=day) - self.rest


def iso_length(text: Any) -> Length | None:
    """`P1M`, `P2W`, `P1Y6M`, `PT36H` (ISO 8601), above zero and at most 100 years; None for anything else."""
    match = ISO.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    length = Length(12 * years + months, rest)
    whole = timedelta(days=31 * length.months) + rest
    return length if timedelta() < whole <= LONGEST else None


def cast(text: Any) -> datetime | None:
    """A time inside JSON as PostgreSQL casts it, to the microsecond; None where it would not be cast."""
    if not isinstance(text, str) or _castable.match(text) is None:
        return None
    parts = _parts.fullmatch(text)
    assert parts is not None  # it fits the narrower pattern
    whole, fraction, zone = parts.groups()
    plain = datetime.fromisoformat((whole + zone).upper())
    return plain + timedelta(microseconds=round(float(f"0.{fraction or 0}") * 1_000_000))
