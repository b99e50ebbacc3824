"""What higher floors know of recalled answers: snapshots that hold them, models that learnt from those. They register
it; the page that asks before a recall, and the recall's own, show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from labeling.answers.models import Annotation
from labeling.recall.models import Recall
from projects.streams.models import Project


@dataclass(frozen=True, slots=True)
class Use:
    """`foresee`: of answers that would be voided; `describe`: of a recall. `template` draws either, as `use.said`."""

    foresee: Callable[[Project, QuerySet[Annotation]], Any]
    describe: Callable[[Recall], Any]
    template: str


_uses: dict[str, Use] = {}


def register_use(name: str, use: Use) -> None:
    """Make one known; called when an app is ready."""
    _uses[name] = use


def uses() -> list[Use]:
    """All of them."""
    return list(_uses.values())
