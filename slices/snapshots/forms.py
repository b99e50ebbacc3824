"""What people may ask of a snapshot's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from slices.snapshots.exports import FORMATS


class PinForm(forms.Form):
    """Why a snapshot is to be kept."""

    reason = forms.CharField(label=_("Keep it because"), max_length=200)


class ExportForm(forms.Form):
    """Which files to make."""

    format = forms.ChoiceField(
        label=_("As"), choices=lambda: [(row.name, row.title) for row in FORMATS.values()]
    )
    inline = forms.BooleanField(
        label=_("With uploaded pictures in the rows"),
        required=False,
        help_text=_("JSONL, Parquet and Hugging Face can carry them."),
    )

    def clean(self) -> dict[str, Any]:
        """Pictures only where they can go."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("inline") and "media" not in FORMATS[said["format"]].options:
            raise forms.ValidationError(_("This format cannot carry pictures in its rows."))
        return said

    @property
    def options(self) -> dict[str, str]:
        """As an export has them."""
        return {"media": "inline"} if self.cleaned_data["inline"] else {}
