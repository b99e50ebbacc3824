"""Time zones by their names."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones


@functools.cache
def known_zones() -> frozenset[str]:
    """The IANA names that this machine knows."""
    return frozenset(available_timezones())


@functools.cache
def places() -> tuple[str, ...]:
    """Those that a person would choose from, in order: UTC, then Area/City."""
    areas = (
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    return (
        "UTC",
        *sorted(name for name in known_zones() if name.startswith(tuple(f"{area}/" for area in areas))),
    )
