"""Writing the questions of a project; a version that is written never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from projects.schemas.answers import check_answer, label_of
from projects.schemas.models import LabelSchema
from projects.schemas.questions import check_questions
from teams.access.problems import FieldError, Invalid
from teams.events.actions import record
from teams.identity.models import User

if TYPE_CHECKING:
    from projects.streams.models import Project

__all__ = ["check_answer", "create_schema", "label_of"]


@transaction.atomic
def create_schema(*, project: Project, questions: list[dict[str, Any]], by: User | None) -> LabelSchema:
    """The next version of a project's questions. Raises Invalid with every error, pointers below /questions."""
    errors = check_questions(questions)
    if errors:
        raise Invalid([FieldError(f"/questions{row.pointer}", row.code, row.detail) for row in errors])
    organization = project.organization
    organization.projects.select_for_update().get(pk=project.pk)  # two authors get two numbers
    last = project.label_schemas.aggregate(last=Max("version"))["last"] or 0
    schema = organization.label_schemas.create(project=project, version=last + 1, questions=questions)
    record("schema.created", organization=organization, subject=schema, by=by, version=schema.version)
    return schema
