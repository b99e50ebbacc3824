"""Agreement of people who choose among names: two of them (Cohen), or the same number each time (Fleiss)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def cohen(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Kappa of two people who answered the same tasks; None where chance alone explains everything.

    J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960).
    """
    total = len(pairs)
    if not total:
        return None
    observed = sum(one == other for one, other in pairs) / total
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    return above_chance(observed, sum(first[name] * second[name] for name in first) / total**2)


def fleiss(tasks: Sequence[Sequence[Hashable]]) -> float | None:
    """Kappa of tasks that each have the same number of answers (two or more), whoever gave them.

    J. L. Fleiss, Measuring nominal scale agreement among many raters, Psychological Bulletin 76 (1971).
    """
    if not tasks:
        return None
    people = len(tasks[0])
    if people < 2 or any(len(answers) != people for answers in tasks):
        raise ValueError("Fleiss' kappa wants the same number of answers, two or more, of every task")
    counts = [Counter(answers) for answers in tasks]
    agreeing = sum(count * (count - 1) for row in counts for count in row.values())
    names = Counter[Hashable]()
    for row in counts:
        names.update(row)
    everything = len(tasks) * people
    chance = sum((count / everything) ** 2 for count in names.values())
    return above_chance(agreeing / (everything * (people - 1)), chance)


def above_chance(observed: float, chance: float) -> float | None:
    """What is left of agreement when chance's share is taken off; None where nothing is left to agree about."""
    return None if chance > 1 - 1e-12 else (observed - chance) / (1 - chance)
