"""What higher floors show on the pages of a project and of an example: they register panels, the pages draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.streams.models import Example, Project
from teams.access.tenancy import MemberRequest

Draw = Callable[[MemberRequest, Project], dict[str, Any]]
DrawOfExample = Callable[[MemberRequest, Project, Example], dict[str, Any]]


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


_of_examples: list[DrawOfExample] = []


def register_example_panel(draw: DrawOfExample) -> None:
    """Put a panel on every example's page: {"title", "template", "context"}; called when an app is ready."""
    if draw not in _of_examples:
        _of_examples.append(draw)


def panels_of_example(request: MemberRequest, project: Project, example: Example) -> list[dict[str, Any]]:
    """All panels of an example in the order of their registration."""
    return [draw(request, project, example) for draw in _of_examples]
