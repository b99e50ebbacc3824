"""Krippendorff's alpha: any number of people, answers missing, values of any kind that have a distance.

K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): alpha = 1 - observed / expected disagreement, over
all pairs of values within a task and over all pairs of values at all. Tasks with one answer say nothing and are left
out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations

Distance = Callable[
    [Hashable, Hashable], float
]  # 0 for the same, symmetric; squared where the scale has squares
Tasks = Sequence[Sequence[Hashable]]


def alpha(tasks: Tasks, distance: Distance) -> float | None:
    """Alpha of the tasks; None where there are no two answers to a task, or all answers are the same."""
    statistic = alpha_statistic(tasks, distance)
    return statistic(tasks) if statistic else None


def alpha_statistic(tasks: Tasks, distance: Distance) -> Callable[[Tasks], float | None] | None:
    """Alpha as a function of tasks drawn from these, what is expected being that of them all.

    So a bootstrap draws what was observed and nothing else (Hayes and Krippendorff, Answering the call for a standard
    reliability measure for coding data, 2007). None where nothing can be expected.
    """
    expected = expected_disagreement(pairable(tasks), distance)
    if not expected:
        return None

    def statistic(drawn: Tasks) -> float | None:
        used = pairable(drawn)
        values = sum(map(len, used))
        observed = sum(disagreement(answers, distance) for answers in used)
        return 1 - observed / values / expected if values else None

    return statistic


def pairable(tasks: Tasks) -> list[Sequence[Hashable]]:
    """The tasks of which two answers can be compared."""
    return [answers for answers in tasks if len(answers) > 1]


def disagreement(answers: Sequence[Hashable], distance: Distance) -> float:
    """The distances of all ordered pairs of a task, each answer counting once however many there are."""
    return 2 * sum(distance(one, other) for one, other in combinations(answers, 2)) / (len(answers) - 1)


def expected_disagreement(tasks: Tasks, distance: Distance) -> float:
    """The mean distance of two values drawn from all of the tasks, without putting the first one back."""
    counts = Counter(value for answers in tasks for value in answers)
    total = counts.total()
    if total < 2:
        return 0.0
    apart = sum(
        counts[one] * counts[other] * distance(one, other) for one, other in combinations(list(counts), 2)
    )
    return 2 * apart / (total * (total - 1))


def nominal(one: Hashable, other: Hashable) -> float:
    """Names are the same, or not."""
    return float(one != other)


def interval(one: Hashable, other: Hashable) -> float:
    """Numbers whose differences mean something."""
    return (float(one) - float(other)) ** 2  # type: ignore[arg-type]


def ordinal(tasks: Tasks) -> Distance:
    """Steps in order: how many values lie between two of them, the ends by half, among the values of these tasks."""
    counts = Counter(value for answers in pairable(tasks) for value in answers)
    below, rank = 0.0, {}
    for value in sorted(counts):  # type: ignore[type-var]
        rank[value] = below + counts[value] / 2
        below += counts[value]
    return lambda one, other: (rank[one] - rank[other]) ** 2
