"""Why a person moves a placement."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from slices.placements.models import LADDER, Stage

STAGES = [(stage, Stage(stage).label) for stage in LADDER]


class AdoptForm(forms.Form):
    """The model that is in use already, how far it is trusted, and why."""

    version = forms.CharField(label=_("Version"), max_length=80, widget=UnfoldAdminTextInputWidget)
    digest = forms.CharField(
        label=_("Digest"), max_length=100, required=False, widget=UnfoldAdminTextInputWidget
    )
    uri = forms.CharField(
        label=_("Where it is"), max_length=500, required=False, widget=UnfoldAdminTextInputWidget
    )
    stage = forms.ChoiceField(
        label=_("How far it is trusted"), choices=STAGES, widget=UnfoldAdminSelectWidget
    )
    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("It stays in the history, with your name."),
    )


class ReasonForm(forms.Form):
    """One sentence that stays with the move."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays in the history, with your name."),
    )
