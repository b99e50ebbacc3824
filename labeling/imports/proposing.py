"""Asking the questions that a file answers, in a project that asks none yet."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from labeling.answers.taking import newest_schema
from labeling.imports.models import Import
from labeling.imports.previewing import look
from labeling.imports.settings import Settings
from projects.schemas.actions import create_schema
from projects.schemas.models import LabelSchema
from projects.streams.models import Project
from teams.identity.models import User
from teams.identity.refused import Refused

EDIT = "projects.edit_schema_project"


def ask_what_it_answers(*, row: Import, settings: Settings, by: User | None) -> LabelSchema | None:
    """Ask what the beginning of a file proposes. Raises Refused (422) where that cannot be read."""
    seen = look(row, settings.format, settings.options)
    if seen.problem:
        raise Refused(seen.problem, "unreadable", 422)
    return ask(project=row.project, proposal=seen.proposal, by=by)


@transaction.atomic
def ask(*, project: Project, proposal: list[dict[str, Any]], by: User | None) -> LabelSchema | None:
    """Ask these questions; None where there are none, or the project asks some by now: labels answer those."""
    if not proposal:
        return None
    project.organization.projects.select_for_update().get(pk=project.pk)  # two files at once ask once
    if newest_schema(project) is not None:
        return None
    return create_schema(project=project, questions=proposal, by=by)
