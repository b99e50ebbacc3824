"""Which figure says how much people agree on a question, by its kind; and how alike two answers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from labeling.quality.agreement import alpha, marks
from labeling.quality.agreement.intervals import bootstrap
from labeling.quality.agreement.nominal import cohen, fleiss

Question = Mapping[str, Any]
Answers = Mapping[int, Any]  # one task's: {person: value}
Statistic = Callable[[Sequence[Answers]], float | None]
IOU = 0.5
OVERLAPS: dict[str, marks.Overlap] = {"spans": marks.spans, "boxes": marks.boxes, "polygons": marks.polygons}


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure over tasks with overlap: 1 is perfect, 0 is chance (kappa, alpha) or nothing in common (F1)."""

    measure: str
    value: float
    low: float | None
    high: float | None
    tasks: int
    answers: int


def measured(question: Question, tasks: Sequence[Answers], *, seed: int = 0) -> Measured | None:
    """How much people agree on a question; None where no task has two answers, or nothing varies."""
    overlapping = [answers for answers in tasks if len(answers) > 1]
    measure, statistic = statistic_for(question, overlapping)
    value = statistic(overlapping) if statistic else None
    if value is None or statistic is None:
        return None
    low, high = bootstrap(overlapping, statistic, seed=seed) or (None, None)
    return Measured(measure, value, low, high, len(overlapping), sum(map(len, overlapping)))


def statistic_for(question: Question, tasks: Sequence[Answers]) -> tuple[str, Statistic | None]:
    """The name of the measure and how it is computed; None where it cannot be."""
    kind = question["kind"]
    if kind in OVERLAPS:
        found = {
            id(answers): of_pairs(question, answers) for answers in tasks
        }  # drawn many times, found once
        return "f1", lambda drawn: mean([found[id(answers)] for answers in drawn])
    people = sorted({person for answers in tasks for person in answers})
    counts = {len(answers) for answers in tasks}
    is_by_name = kind in ("choice", "boolean", "text")
    if is_by_name and len(people) == 2:
        one, other = people
        return "cohen", lambda drawn: cohen(
            [(key_of(kind, row[one]), key_of(kind, row[other])) for row in drawn]
        )
    if is_by_name and len(counts) == 1 and min(counts) > 2:
        return "fleiss", lambda drawn: fleiss([values_of(kind, row) for row in drawn])
    return alpha_for(question, [values_of(kind, row) for row in tasks])


def alpha_for(question: Question, values: alpha.Tasks) -> tuple[str, Statistic | None]:
    """Krippendorff's, by the distance that the kind of question has."""
    kind = question["kind"]
    distances = {"rating": ("ordinal", alpha.ordinal(values)), "number": ("interval", alpha.interval)}
    if kind in ("choices", "ranking"):
        name, distance = "alike", lambda one, other: 1 - alike_keys(kind, one, other)
    else:
        name, distance = distances.get(kind, ("nominal", alpha.nominal))
    of_values = alpha.alpha_statistic(values, distance)
    if of_values is None:
        return f"alpha_{name}", None
    return f"alpha_{name}", lambda drawn: of_values([values_of(kind, row) for row in drawn])


def values_of(kind: str, answers: Answers) -> list[Any]:
    """A task's values as things that can be counted."""
    return [key_of(kind, value) for value in answers.values()]


def key_of(kind: str, value: Any) -> Any:
    """A value as something that can be counted; texts are the same but for case and blanks."""
    if kind == "text":
        return " ".join(str(value).casefold().split())
    if kind == "choices":
        return frozenset(value)
    return tuple(value) if kind == "ranking" else value


def alike(question: Question, one: Any, other: Any) -> float:
    """How alike two answers to a question are, 0 to 1; an answer and none are not alike, none and none are."""
    kind = question["kind"]
    if one is None or other is None:
        return float(one is other)
    if kind in OVERLAPS:
        return marks.f1(one, other, OVERLAPS[kind], IOU)
    if kind == "rating":
        return 1 - abs(one - other) / (question["max"] - 1)
    if kind == "number":
        return alike_numbers(question, one, other)
    return alike_keys(kind, key_of(kind, one), key_of(kind, other))


def alike_numbers(question: Question, one: float, other: float) -> float:
    """By the width between the question's bounds; without bounds numbers are the same or not."""
    low, high = question.get("min"), question.get("max")
    if low is None or high is None or high <= low:
        return float(abs(one - other) <= 1e-9 * max(1, abs(one), abs(other)))
    return 1 - abs(one - other) / (high - low)


def alike_keys(kind: str, one: Any, other: Any) -> float:
    """Sets by what they share (Jaccard), rankings by the pairs that stand in the same order (Kendall)."""
    if kind == "choices":
        return len(one & other) / len(one | other) if one | other else 1.0
    if kind == "ranking":
        place = {value: index for index, value in enumerate(other)}
        pairs = [place.get(first, 0) < place.get(second, 0) for first, second in combinations(one, 2)]
        return mean(list(map(float, pairs))) or 0.0
    return float(one == other)


def of_pairs(question: Question, answers: Answers) -> float:
    """How alike a task's answers are, over all pairs; 1 of fewer than two."""
    values = list(answers.values())
    found = mean([alike(question, one, other) for one, other in combinations(values, 2)])
    return 1.0 if found is None else found


def support(question: Question, values: Sequence[Any]) -> float:
    """How far the answers stand behind the best supported of them, itself included: two of three alike give 2/3."""
    return max(
        (sum(alike(question, one, other) for other in values) / len(values) for one in values), default=1.0
    )


def mean(values: Sequence[float]) -> float | None:
    """None of nothing."""
    return sum(values) / len(values) if values else None
