"""The questions at the desk: the next version is written, an earlier one is never edited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from projects.schemas.actions import create_schema
from projects.schemas.models import LabelSchema
from projects.schemas.questions import check_questions
from teams.desk.columns import linked
from teams.desk.scoped import DeskForm, OrganizationAdmin, ScopedFilter
from teams.desk.site import desk

EXAMPLE = (
    '[{"name": "digit", "kind": "choice", "title": "Which digit?", '
    '"options": [{"value": "1", "title": "One", "key": "1"}, {"value": "2", "title": "Two", "key": "2"}]}]'
)


class SchemaForm(DeskForm):
    """A list of questions, as JSON."""

    questions = forms.JSONField(
        label=_("Questions"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 14, "spellcheck": "false", "class": "desk-code"}),
        help_text=_("A list of questions, each with its options and their keys. For example: %(example)s")
        % {"example": EXAMPLE},
    )

    def clean_questions(self) -> Any:
        """Every error with its spot."""
        questions = self.cleaned_data["questions"]
        errors = check_questions(questions)
        if errors:
            raise forms.ValidationError([f"{row.pointer or '/'}: {row.detail}" for row in errors])
        return questions


@admin.register(LabelSchema, site=desk)
class LabelSchemaAdmin(OrganizationAdmin):
    """A version that no queue asks can be deleted; one that is in use is frozen."""

    add_verb = delete_verb = "projects.edit_schema_project"
    add_form = SchemaForm
    add_fields = ("project", "questions")
    fields = ("project", "version", "questions", "frozen_at", "created_at")
    list_display = ("__str__", "project_link", "asks", "frozen_at", "created_at")
    list_filter = (("project", ScopedFilter),)
    list_select_related = ("project",)
    search_fields = ("project__name",)
    search_help_text = _("Search by project")
    project_link = linked("project", _("project"))

    @display(description=_("asks"))
    def asks(self, row: LabelSchema) -> str:
        """The titles of its questions."""
        return "; ".join(str(question.get("title", "")) for question in row.questions)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Not once answers may refer to it."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.frozen_at is None)

    def make_row(self, request: Any, obj: LabelSchema, form: Any) -> LabelSchema:
        """The project's next version."""
        asked = form.cleaned_data
        return create_schema(project=asked["project"], questions=asked["questions"], by=request.user)
