"""How much better or worse one model may really be than another on the same examples: Tango's score bounds."""

from __future__ import annotations

import math

from slices.gates.wilson import quantile

STEPS = 60  # bisections of an interval of length 2: down to the precision of a float


def lower_bound(gained: float, lost: float, n: float, level: float) -> float:
    """The difference in accuracy that the true one exceeds with one-sided confidence `level`.

    Of `n` examples that both models answered, the candidate alone is right on `gained`, the champion alone
    on `lost`; the difference is (gained - lost) / n. Solves T(difference) = z for
    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design, Statistics in Medicine 17, 891-908, equations 24-26. -1 without examples.
    """
    check_counts(gained, lost, n)
    if n == 0 or lost == n:
        return -1.0
    return _solve(gained, lost, n, quantile(level), -1.0, (gained - lost) / n)


def upper_bound(gained: float, lost: float, n: float, level: float) -> float:
    """The difference that the true one stays below: the mirror image of the lower bound."""
    return -lower_bound(lost, gained, n, level)


def score(gained: float, lost: float, n: float, difference: float) -> float:
    """Tango's statistic for "the true difference is `difference`"; it falls as the difference grows.

    Its variance rests on the likeliest share of `lost` under that hypothesis.
    """
    if difference == (gained - lost) / n:
        return 0.0
    a = 2 * n
    b = -gained - lost + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    share = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = n * (2 * share + difference * (1 - difference))
    distance = gained - lost - n * difference
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def _solve(gained: float, lost: float, n: float, z: float, low: float, high: float) -> float:
    """The difference between `low` and `high` whose score is z."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        if score(gained, lost, n, middle) > z:
            low = middle
        else:
            high = middle
    return low


def check_counts(gained: float, lost: float, n: float) -> None:
    """The two kinds of disagreement are part of the examples."""
    if gained < 0 or lost < 0 or gained + lost > n:
        raise ValueError(f"{gained} and {lost} of {n} are no disagreements")
