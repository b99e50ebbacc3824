"""What higher floors know of erased examples: which snapshots held them, which models learnt from them, where those are
in use. They register it; the erasure's page and its answer over REST show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.erasure.models import Erasure

Describe = Callable[[Erasure], Any]


@dataclass(frozen=True, slots=True)
class Report:
    """`describe` gives JSON for scripts; `template` draws the same for people, as `report`."""

    name: str
    describe: Describe
    template: str


_reports: dict[str, Report] = {}


def register_report(name: str, describe: Describe, template: str) -> None:
    """Make a report known; called when an app is ready."""
    _reports[name] = Report(name, describe, template)


def reports() -> list[Report]:
    """All of them."""
    return list(_reports.values())
