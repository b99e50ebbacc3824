"""Where an example was used, on its page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from projects.streams.models import Example, Project
from slices.runs.lineage import of_example
from teams.access.tenancy import MemberRequest


def used_panel(request: MemberRequest, project: Project, example: Example) -> dict[str, Any]:
    """A panel for `register_example_panel`: its snapshots, and the models that learnt from those."""
    context = of_example(request.organization, example.pk)
    return {"title": _("Where it was used"), "template": "slices/runs/used.html", "context": context}
