"""One clause of a decision: what was asked, what came out, the numbers, and a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from slices.gates.models import Decision


class Result(models.TextChoices):
    """What one check came to."""

    PASS = "pass", _("pass")
    FAIL = "fail", _("fail")
    INCONCLUSIVE = "inconclusive", _("inconclusive")
    NOT_APPLICABLE = "not_applicable", _("not applicable")


@dataclass(frozen=True, slots=True)
class Clause:
    """`id` and `type` of the check, its result, the numbers behind it."""

    id: str
    type: str
    result: str
    sentence: str
    numbers: dict[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """As it is kept in the decision."""
        return asdict(self)


def outcome_of(clauses: Iterable[Clause]) -> str:
    """Any fail fails; else anything open leaves it open; else it passes."""
    results = {clause.result for clause in clauses}
    if Result.FAIL in results:
        return Decision.Outcome.FAIL
    if Result.INCONCLUSIVE in results or Result.PASS not in results:
        return Decision.Outcome.INCONCLUSIVE
    return Decision.Outcome.PASS
