"""What a manager fills in to choose answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.recall.choosing import Choice
from projects.streams.models import Project

MOST_OPTIONS = 1000


class Moment(forms.DateTimeField):
    """A moment of the person's own clock."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M:%S")


class ChoiceForm(forms.Form):
    """Everything that is filled in narrows it down; `choice` is there when it is valid."""

    person: Any = forms.ModelChoiceField(
        label=gettext_lazy("Answers of"), queryset=None, required=False, empty_label=gettext_lazy("anybody")
    )
    queue: Any = forms.ModelChoiceField(
        label=gettext_lazy("In the queue"),
        queryset=None,
        required=False,
        empty_label=gettext_lazy("any of the project"),
    )
    since = Moment(label=gettext_lazy("Given from"), required=False)
    until = Moment(
        label=gettext_lazy("Given until"),
        required=False,
        help_text=gettext_lazy("In your time zone. Empty: until now."),
    )
    schema: Any = forms.ModelChoiceField(
        label=gettext_lazy("To the questions in version"),
        queryset=None,
        required=False,
        empty_label=gettext_lazy("any"),
    )
    question = forms.ChoiceField(label=gettext_lazy("That answer the question"), required=False)
    value = forms.CharField(
        label=gettext_lazy("Answered with"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("One answer to that question. Empty: any."),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project, organization = project, project.organization
        fields: dict[str, Any] = self.fields
        fields["person"].queryset = (
            organization.memberships.people().select_related("user").order_by("user__name", "pk")
        )
        fields["person"].label_from_instance = lambda row: f"{row.user} ({row.user.email})"
        fields["queue"].queryset = organization.queues.filter(project=project).order_by("name", "pk")
        schemas = organization.label_schemas.filter(project=project).order_by("-version")
        fields["schema"].queryset = schemas
        fields["schema"].label_from_instance = lambda row: _("version %(n)s") % {"n": row.version}
        names = {row["name"]: row["title"] for schema in schemas[:20] for row in schema.questions}
        fields["question"].choices = [("", _("any question")), *names.items()]

    def clean(self) -> dict[str, Any]:
        """Something narrows it, and nothing contradicts."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("This is before it begins."))
        if cleaned.get("value") and not cleaned.get("question"):
            self.add_error("question", _("Say which question was answered so."))
        if not self.errors and self.choice.is_open:
            self.add_error(
                None, _("Choose a person, a time, a question or a version: this would be every answer.")
            )
        return cleaned

    @property
    def choice(self) -> Choice:
        """What was chosen."""
        given: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        if "person" in given:
            given["person"] = given["person"].user
        return Choice(self.project, **given)


class ReasonForm(forms.Form):
    """Why; it stands beside the recall for ever."""

    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300)
