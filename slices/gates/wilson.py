"""How low, and how high, a share may really be: Wilson's score bounds."""

from __future__ import annotations

import math
from statistics import NormalDist


def lower_bound(successes: float, n: float, level: float) -> float:
    """The share that the true one exceeds with one-sided confidence `level` (0.95: wrong once in 20).

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference,
    Journal of the American Statistical Association 22, 209-212. Without examples nothing is known: 0.
    Raises ValueError for counts that are no share of n.
    """
    return _bound(successes, n, level, -1)


def upper_bound(successes: float, n: float, level: float) -> float:
    """The share that the true one stays below with one-sided confidence `level`; 1 without examples."""
    return _bound(successes, n, level, +1)


def _bound(successes: float, n: float, level: float, sign: int) -> float:
    """The root of (p - x/n)^2 = z^2 p (1 - p) / n on one side of x/n."""
    check_counts(successes, n)
    if n == 0:
        return 0.0 if sign < 0 else 1.0
    z = quantile(level)
    share = successes / n
    middle = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return min(1.0, max(0.0, (middle + sign * spread) / (1 + z * z / n)))


def check_counts(successes: float, n: float) -> None:
    """Counts may be fractional (scaled ones tell how many more examples would do), but never impossible."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")


def quantile(level: float) -> float:
    """The standard normal quantile of a one-sided confidence level strictly between one half and one."""
    if not 0.5 < level < 1:
        raise ValueError(f"a level lies between 0.5 and 1, not at {level}")
    return NormalDist().inv_cdf(level)
