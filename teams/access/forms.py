"""What a person fills in for a token of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from teams.identity.names import name_is_plain
from teams.identity.roles import PIPELINE, WORDS, verbs_of

# What a script may do for its person; signing, labelling and reviewing are for people themselves.
FOR_SCRIPTS = PIPELINE | {
    "projects.manage_project",
    "projects.edit_schema_project",
    "projects.view_answers_project",
}
LASTING = [(7, _("A week")), (30, _("30 days")), (90, _("90 days")), (365, _("A year"))]


class OwnTokenForm(forms.Form):
    """A key for a script that acts as the person; it may at most what the role includes."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        validators=[name_is_plain],
        help_text=_("What it is for, so that you know later which one to end."),
    )
    verbs = forms.MultipleChoiceField(
        label=_("It may"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only in the projects that you may enter, and only while your role includes it."),
    )
    days = forms.TypedChoiceField(label=_("It is valid for"), choices=LASTING, coerce=int, initial=90)

    def __init__(self, role: str, data: Any = None) -> None:
        super().__init__(data)
        verbs: Any = self.fields["verbs"]
        verbs.choices = [
            (verb, words) for verb, words in WORDS.items() if verb in FOR_SCRIPTS & verbs_of(role)
        ]
        verbs.initial = ["projects.view_project"]

    @property
    def lasting(self) -> timedelta:
        """From now until it expires."""
        return timedelta(days=self.cleaned_data["days"])
