"""Line and bar charts as SVG drawn on the server, always with their words and their numbers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext

Words = str | Promise
Number = float | int | None
# What fits under the plot on the narrowest screen decides how many words the x axis says.
NARROWEST_PX, CHARACTER_PX, GAP_PX = 250, 6, 10
Role = Literal["model", "champion", "baseline", "people", "examples", "labels", "errors"]


@dataclass(frozen=True)
class Series:
    """One line or one set of bars; `values` (and `low`, `high` of an interval) go with the chart's `x`."""

    label: Words
    values: Sequence[Number]
    role: Role = "model"
    low: Sequence[Number] = ()
    high: Sequence[Number] = ()


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its place in percent of the plot and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Point:
    """A value in the plot, in percent from its left and top."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Bar:
    """A bar in the plot, all in percent."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass
class Drawing:
    """What the template needs to draw one series."""

    label: Words
    role: Role
    paths: list[str] = field(default_factory=list)
    band: str = ""
    points: list[Point] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)


@dataclass
class Chart:
    """Series over the same `x`: numbers, short words or moments, evenly spaced; a missing value is None.

    `floor` is a level to reach, drawn as a dashed line. The y axis starts at 0 unless `y_min` says otherwise,
    and bars always start at 0.
    """

    title: Words
    description: Words
    x: Sequence[object]
    series: Sequence[Series]
    kind: Literal["line", "bar"] = "line"
    x_label: Words = ""
    y_label: Words = ""
    unit: Words = ""
    floor: float | None = None
    floor_label: Words = ""
    y_min: float | None = None
    y_max: float | None = None

    @cached_property
    def key(self) -> str:
        """Names the parts of this chart in the page."""
        return "chart-" + hashlib.sha256(str(self.title).encode()).hexdigest()[:8]

    @cached_property
    def scale(self) -> list[float]:
        """The values at the ticks of the y axis, round numbers that enclose everything drawn."""
        given = [v for s in self.series for v in (*s.values, *s.low, *s.high) if v is not None]
        if self.floor is not None:
            given.append(self.floor)
        low = self.y_min if self.y_min is not None and self.kind == "line" else min([0.0, *given])
        high = self.y_max if self.y_max is not None else max(given, default=1.0)
        return round_scale(low, high)

    @property
    def y_ticks(self) -> list[Tick]:
        """From the bottom up."""
        return [Tick(self.height_of(value), plain(value)) for value in self.scale]

    @property
    def x_ticks(self) -> list[Tick]:
        """The first, and as many after it as stay readable."""
        words = [say(x) for x in self.x]
        longest = max(map(len, words), default=1)
        step = max(1, math.ceil(len(words) * (longest * CHARACTER_PX + GAP_PX) / NARROWEST_PX))
        return [Tick(self.place_of(i), words[i]) for i in range(0, len(words), step)]

    @property
    def floor_at(self) -> float | None:
        """Where the level to reach lies."""
        return None if self.floor is None else self.height_of(self.floor)

    @property
    def zero_at(self) -> float:
        """Where bars begin."""
        return self.height_of(max(0.0, self.scale[0]))

    def height_of(self, value: float) -> float:
        """Percent from the top of the plot."""
        low, high = self.scale[0], self.scale[-1]
        return round(100 - 100 * (value - low) / (high - low), 2)

    def place_of(self, index: int) -> float:
        """Percent from the left of the plot; bars stand in the middle of their share of it."""
        if self.kind == "bar":
            return round(100 * (index + 0.5) / len(self.x), 2)
        return round(100 * index / (len(self.x) - 1), 2) if len(self.x) > 1 else 50.0

    @property
    def drawings(self) -> Iterator[Drawing]:
        """One for each series."""
        for number, series in enumerate(self.series):
            if self.kind == "bar":
                yield Drawing(series.label, series.role, bars=self._bars(series, number))
            else:
                yield Drawing(
                    series.label,
                    series.role,
                    self._paths(series.values),
                    self._band(series),
                    self._points(series),
                )

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The same numbers as a table: what x says, then each series."""
        return [(say(x), [self._cell(series, i) for series in self.series]) for i, x in enumerate(self.x)]

    def _cell(self, series: Series, i: int) -> str:
        value = value_at(series.values, i)
        if value is None:
            return "–"
        low, high = value_at(series.low, i), value_at(series.high, i)
        interval = f" ({plain(low)}–{plain(high)})" if low is not None and high is not None else ""
        return plain(value) + interval

    def _say_point(self, series: Series, i: int) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{series.label}, {say(self.x[i])}: {self._cell(series, i)}{unit}"

    def _points(self, series: Series) -> list[Point]:
        return [
            Point(self.place_of(i), self.height_of(value), self._say_point(series, i))
            for i, value in enumerate(series.values[: len(self.x)])
            if value is not None
        ]

    def _paths(self, values: Sequence[Number]) -> list[str]:
        """One path for each unbroken stretch of values: a gap in the data is a gap in the line."""
        paths: list[list[str]] = [[]]
        for i, value in enumerate(values[: len(self.x)]):
            if value is None:
                paths.append([])
            else:
                paths[-1].append(f"{self.place_of(i)} {self.height_of(value)}")
        return ["M" + "L".join(path) for path in paths if path]

    def _band(self, series: Series) -> str:
        """The interval around a line as one closed shape, or nothing."""
        known = [
            (self.place_of(i), self.height_of(low), self.height_of(high))
            for i, (low, high) in enumerate(zip(series.low, series.high, strict=False))
            if low is not None and high is not None
        ]
        if len(known) < 2:
            return ""
        there = [f"{x} {high}" for x, _low, high in known]
        back = [f"{x} {low}" for x, low, _high in reversed(known)]
        return "M" + "L".join(there + back) + "Z"

    def _bars(self, series: Series, number: int) -> list[Bar]:
        share = 100 / max(1, len(self.x))
        width = share * 0.68 / len(self.series)
        return [
            Bar(
                round(share * (i + 0.16) + width * number, 2),
                min(self.height_of(value), self.zero_at),
                round(width * 0.94, 2),
                round(abs(self.zero_at - self.height_of(value)), 2),
                self._say_point(series, i),
            )
            for i, value in enumerate(series.values[: len(self.x)])
            if value is not None
        ]


def round_scale(low: float, high: float, parts: int = 4) -> list[float]:
    """About `parts` steps of 1, 2 or 5 times a power of ten that enclose both ends; never empty."""
    if high - low < 1e-9:  # nothing to tell apart, and nothing that a logarithm could take
        high = low + 1
    raw = (high - low) / parts
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def value_at(values: Sequence[Number], i: int) -> Number:
    """The value of a sequence that may be shorter than the axis."""
    return values[i] if i < len(values) else None


def plain(value: float) -> str:
    """A number in the reader's locale, with as many decimals as it needs, at most three."""
    short = f"{value:.3f}".rstrip("0").rstrip(".")
    decimals = len(short.partition(".")[2])
    return number_format(round(value, decimals), decimal_pos=decimals, force_grouping=True)


def say(x: object) -> str:
    """What a place on the x axis is called."""
    if isinstance(x, datetime):
        return date_format(localtime(x) if x.tzinfo else x, gettext("j M H:i"))
    if isinstance(x, date):
        return date_format(x, gettext("j M"))
    if isinstance(x, int | float):
        return plain(x)
    return str(x)
