"""The slices of a project, on the project's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from projects.streams.models import Project
from slices.definitions.listing import described, with_last
from teams.access.tenancy import MemberRequest

SHOWN = 6


def slices_panel(request: MemberRequest, project: Project) -> dict[str, Any]:
    """A panel for `register_panel`: the first few slices, in four queries."""
    found = list(with_last(project)[: SHOWN + 1])
    context = {"rows": described(project, found[:SHOWN]), "more": len(found) > SHOWN}
    return {"title": _("Slices"), "template": "slices/snapshots/panel.html", "context": context}
