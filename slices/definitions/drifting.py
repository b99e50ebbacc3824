"""Drift: whether what is in a slice now is spread otherwise than what was in it before.

Distances, not p-values: with many rows the smallest difference is "significant". Categories are told apart by the
Jensen-Shannon distance, numbers by the Wasserstein distance in standard deviations of the reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, FloatField, Func, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Floor, Least
from django.utils.translation import gettext as _

from projects.conditions.fields import declared
from projects.streams.models import Stream
from slices.definitions.distances import jensen_shannon, normed_wasserstein
from slices.definitions.members import NONE, Values
from slices.definitions.mixing import mixed_fields, tally
from slices.definitions.models import SliceVersion
from slices.definitions.windows import bounds, delay
from teams.identity.refused import Refused

LEAST = 200  # rows on each side
WARN, TRIGGER = 0.1, 0.2
MOST_VALUES = 500  # of a category; a field with more is a name, not a dimension
MOST_MOVED = 5
MISSING = ""


class Histogram(NamedTuple):
    """How often each value of one dimension is there; of numbers, each bin by where it lies."""

    is_number: bool
    counts: Mapping[str, int]


class Moved(NamedTuple):
    """A value whose share changed, from one share to another."""

    value: str
    before: float
    now: float


class Drift(NamedTuple):
    """One dimension: `level` is none, warn or drift; few when a side has too few rows to say."""

    name: str
    measure: str
    distance: float | None
    level: str
    n_reference: int
    n_current: int
    moved: list[Moved]


class Sides(NamedTuple):
    """What was compared, most drifted first; `reference` says what with."""

    reference: str
    as_of: datetime
    exact: bool
    dimensions: list[Drift]


class Spread(NamedTuple):
    """The histograms of a slice as of a moment, by dimension; not `exact`: of a fixed share."""

    exact: bool
    histograms: dict[str, Histogram]


def drift_of(
    version: SliceVersion, as_of: datetime, before: datetime | None = None, values: Values = NONE
) -> Sides:
    """The slice as of now against what it was as of `before`; against the window before, if that is left out.

    Raises Refused: `no_window_before`, `too_slow`.
    """
    before = before or window_before(version, as_of)
    reference, current = spread_of(version, before, values), spread_of(version, as_of, values)
    compared = drifts(reference.histograms, current.histograms)
    return Sides(before.isoformat(), as_of, reference.exact and current.exact, compared)


def window_before(version: SliceVersion, as_of: datetime) -> datetime:
    """The moment as of which the window was the one that ends where this one begins."""
    window = version.window or {}
    kind = window.get("kind", "rolling" if window else "none")
    start, _end = bounds(version.window, as_of)
    if start is None or kind not in ("rolling", "calendar"):
        sentence = _("Only a rolling or a calendar window has one before it: say as of when to compare.")
        raise Refused(sentence, "no_window_before", 422)
    return start + delay(window, "grace")


def spread_of(version: SliceVersion, as_of: datetime, values: Values = NONE) -> Spread:
    """How the members are spread over labels, predictions, confidence and what is declared; one statement."""
    stream = version.slice.stream
    words, numbers = mixed_fields(stream), counted_numbers(stream)
    columns = {**words, **{name: bins(name, value) for name, value in numbers.items()}}
    fields, exact = tally(version, as_of, values, columns, MOST_VALUES)
    histograms = {}
    for name, found in fields.items():
        counts = {one.value: one.n for one in found.values}
        if name in numbers:
            histograms[name] = of_numbers(counts)
        elif not found.other:
            histograms[name] = Histogram(False, counts | ({MISSING: found.missing} if found.missing else {}))
    return Spread(exact, histograms)


def of_numbers(counts: Mapping[str, int]) -> Histogram:
    """Bins, each written one way."""
    same: Counter[str] = Counter()
    for bin_, n in counts.items():
        same[f"{float(bin_):g}"] += n
    return Histogram(True, same)


def counted_numbers(stream: Stream) -> dict[str, Combinable]:
    """`confidence`, and the declared numbers that are not personal."""
    own = declared(stream).values()
    numbers = {field.name: field.expression for field in own if field.type == "number" and not field.verb}
    return {"confidence": F("confidence"), **numbers}


def bins(name: str, value: Combinable) -> Combinable:
    """The bin of a number: a twentieth for confidence, else two digits that count. As snapshots keep them."""
    if name == "confidence":
        return Cast(Least(Floor(Cast(value, FloatField()) * 20) / 20, Value(0.95)), TextField())
    shown = "btrim(%(function)s(%(expressions)s))"
    return Func(value, Value("9.9EEEE"), function="to_char", template=shown, output_field=TextField())


def drifts(reference: Mapping[str, Histogram], current: Mapping[str, Histogram]) -> list[Drift]:
    """The dimensions that both have, most drifted first."""
    both = [drift(name, one, current[name]) for name, one in reference.items() if name in current]
    return sorted(both, key=lambda one: (-(one.distance or 0), one.distance is None, one.name))


def drift(name: str, reference: Histogram, current: Histogram) -> Drift:
    """One dimension."""
    of, to = sum(reference.counts.values()), sum(current.counts.values())
    measure = "wasserstein" if reference.is_number else "jensen_shannon"
    if min(of, to) < LEAST:
        return Drift(name, measure, None, "few", of, to, [])
    if reference.is_number:
        distance = normed_wasserstein(numbered(reference), numbered(current))
    else:
        distance = jensen_shannon(reference.counts, current.counts)
    return Drift(name, measure, round(distance, 4), level_of(distance), of, to, moved(reference, current))


def level_of(distance: float) -> str:
    """none, warn, or drift: enough to train anew, if it stays so."""
    return "drift" if distance >= TRIGGER else "warn" if distance >= WARN else "none"


def numbered(histogram: Histogram) -> dict[float, int]:
    """Bins by the numbers where they lie."""
    return {float(bin_): n for bin_, n in histogram.counts.items()}


def moved(reference: Histogram, current: Histogram) -> list[Moved]:
    """The values whose shares changed most."""
    of, to = sum(reference.counts.values()), sum(current.counts.values())
    both = [
        Moved(
            value, round(reference.counts.get(value, 0) / of, 4), round(current.counts.get(value, 0) / to, 4)
        )
        for value in reference.counts.keys() | current.counts.keys()
    ]
    by_change = sorted(both, key=lambda one: (-abs(one.now - one.before), one.value))
    return [one for one in by_change if one.now != one.before][:MOST_MOVED]
