"""How a decision and its numbers are said to people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slices.gates.checks import points
from slices.gates.models import Decision
from teams.desk.numbers import number, percent


def headline(decision: Decision) -> str:
    """The clause that decided, in its own words: the first fail, else the first open one, else that all passed."""
    for result in ("fail", "inconclusive"):
        for clause in decision.clauses:
            if clause["result"] == result:
                return str(clause["sentence"])
    return _("Every clause passed.")


KINDS = {
    "min_sample": gettext_lazy("Enough examples"),
    "absolute": gettext_lazy("Good enough"),
    "non_inferior": gettext_lazy("Not worse than the champion"),
    "random_draws": gettext_lazy("Drawn by lot"),
    "no_leakage": gettext_lazy("Never seen in training"),
}


def kind_of(clause: dict[str, Any]) -> str:
    """What a type of check asks, in words."""
    return str(KINDS.get(clause["type"], clause["type"].replace("_", " ")))


def facts_of(clause: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers of a clause as pairs of what it is and how it reads."""
    numbers = clause["numbers"]
    paired = clause["type"] == "non_inferior"
    said: dict[str, tuple[str, Callable[[Any], str]]] = {
        "n": (_("Examples"), number),
        "needs": (_("Asked for"), number),
        "correct": (_("Right"), number),
        "champion": (_("Compared with"), str),
        "gained": (_("Right where the champion was wrong"), number),
        "lost": (_("Wrong where the champion was right"), number),
        "value": (_("Difference"), points) if paired else (_("Accuracy"), share),
        "low": (_("At worst"), points if paired else share),
        "high": (_("At best"), points if paired else share),
        "min": (_("At least"), share),
        "margin": (_("Worse by at most"), lambda value: points(-value)),
        "shared": (_("Seen in training"), number),
        "level": (_("Confidence, one-sided"), lambda value: percent(value, 0)),
        "method": (_("Bounds after"), str),
        "more": (_("Examples still missing, about"), number),
    }
    return [(label, form(numbers[key])) for key, (label, form) in said.items() if shown(numbers, key)]


def shown(numbers: dict[str, Any], key: str) -> bool:
    """Whether there is something to say."""
    return numbers.get(key) is not None and not (key == "more" and not numbers[key])


def share(value: float) -> str:
    """As a percentage with one decimal."""
    return percent(value, 1)
