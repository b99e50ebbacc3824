"""What a signature asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from slices.placements.models import Stage


class SignForm(forms.Form):
    """How far, and why."""

    stage = forms.ChoiceField(label=_("Let it into"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Your name and this reason stay under the decision. What you sign is its hash."),
    )

    def __init__(self, *args: Any, stages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stage"].choices = [(stage, Stage(stage).label) for stage in stages]  # type: ignore[attr-defined]
        self.fields["stage"].initial = stages[-1] if stages else None
