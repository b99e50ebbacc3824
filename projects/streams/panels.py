"""What higher floors show on a project's page: they register panels, the page draws them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.streams.models import Project
from teams.access.tenancy import MemberRequest

Draw = Callable[[MemberRequest, Project], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: `draw` gives {"title", "template", "context"}."""

    draw: Draw
    order: int


_panels: list[Panel] = []


def register_panel(draw: Draw, order: int) -> None:
    """Put a panel on every project's page; called when an app is ready."""
    if all(panel.draw is not draw for panel in _panels):
        _panels.append(Panel(draw, order))


def panels_of(request: MemberRequest, project: Project) -> list[dict[str, Any]]:
    """All panels of a project in their order."""
    return [panel.draw(request, project) for panel in sorted(_panels, key=lambda panel: panel.order)]
