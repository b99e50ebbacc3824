"""How many more examples would probably decide, if they turned out like those there are."""

from __future__ import annotations

from collections.abc import Callable

MOST = 1_000_000  # beyond that the difference sits on the threshold, and no number would decide


def more_needed(decided: Callable[[float], bool], n: int) -> int | None:
    """The smallest number of further examples after which `decided(factor)` holds, to about 2 %.

    `decided` is asked with counts scaled by `factor`: twice the examples with the same shares. That is what
    decides half the time, so the number is an order of magnitude, and is said as "about".
    None: nothing to scale, or more than a million would be needed.
    """
    if n == 0:
        return None
    low, high = 1.0, 2.0
    while not decided(high):
        low, high = high, high * 2
        if high * n > MOST:
            return None
    while (high - low) * n > max(1.0, 0.02 * high * n):
        middle = (low + high) / 2
        low, high = (low, middle) if decided(middle) else (middle, high)
    return rounded(high * n - n)


def rounded(count: float) -> int:
    """Two significant digits, upwards: nobody should read more into it."""
    whole = max(1, int(-(-count // 1)))
    size = 10 ** max(0, len(str(whole)) - 2)
    return -(-whole // size) * size
