"""How sure a figure is, and how much more would make it sure."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Task = TypeVar("Task")
DRAWS = 200
TOO_MANY = 100_000


def bootstrap(
    tasks: Sequence[Task],
    statistic: Callable[[Sequence[Task]], float | None],
    *,
    seed: int = 0,
    draws: int = DRAWS,
    share: float = 0.95,
) -> tuple[float, float] | None:
    """The percentile interval of a figure over tasks drawn again with replacement; the same seed gives the same.

    B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7 (1979). None below two tasks.
    """
    if len(tasks) < 2:
        return None
    lot = random.Random(seed)  # noqa: S311 - no secret: it has to give the same again
    drawn = (statistic(lot.choices(tasks, k=len(tasks))) for _ in range(draws))
    found = sorted(value for value in drawn if value is not None)
    if not found:
        return None
    tail = (1 - share) / 2
    return found[math.floor(tail * (len(found) - 1))], found[math.ceil((1 - tail) * (len(found) - 1))]


def more_needed(value: float, low: float, high: float, tasks: int, floor: float) -> int | None:
    """About how many more tasks with overlap would tell on which side of `floor` the figure is; 0: it is told.

    The interval shrinks with the root of the number of tasks. None: it lies too close to the floor to be told.
    """
    if not low <= floor <= high:
        return 0
    apart = abs(value - floor)
    half = value - low if value >= floor else high - value
    if apart * TOO_MANY**0.5 <= half * tasks**0.5:
        return None
    return max(1, math.ceil(tasks * (half / apart) ** 2 - 1e-6) - tasks)
