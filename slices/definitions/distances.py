"""How far apart two distributions are: the formulas alone. tests/slices/test_drift.py holds them against SciPy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise


def jensen_shannon(reference: Mapping[str, int], current: Mapping[str, int]) -> float:
    """The Jensen-Shannon distance of two countings of categories, with logarithms to base 2: 0 the same, 1 apart."""
    of, to = sum(reference.values()), sum(current.values())
    divergence = 0.0
    for value in reference.keys() | current.keys():
        p, q = reference.get(value, 0) / of, current.get(value, 0) / to
        middle = (p + q) / 2
        divergence += sum(share * math.log2(share / middle) for share in (p, q) if share) / 2
    return math.sqrt(max(0.0, divergence))


def wasserstein(reference: Mapping[float, int], current: Mapping[float, int]) -> float:
    """How far, on average, one must move the one counting of numbers to get the other."""
    of, to = sum(reference.values()), sum(current.values())
    p, q, moved = 0.0, 0.0, 0.0
    for here, there in pairwise(sorted(reference.keys() | current.keys())):
        p += reference.get(here, 0) / of
        q += current.get(here, 0) / to
        moved += abs(p - q) * (there - here)
    return moved


def deviation(counts: Mapping[float, int]) -> float:
    """The standard deviation of counted numbers."""
    n = sum(counts.values())
    mean = sum(value * count for value, count in counts.items()) / n
    return math.sqrt(sum(count * (value - mean) ** 2 for value, count in counts.items()) / n)


def normed_wasserstein(reference: Mapping[float, int], current: Mapping[float, int]) -> float:
    """The same in standard deviations of the reference; of one that has none, 0 if nothing changed and else 1."""
    moved, spread = wasserstein(reference, current), deviation(reference)
    if spread > 0:
        return moved / spread
    return 1.0 if moved else 0.0
