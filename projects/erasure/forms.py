"""What a manager fills in to have examples erased."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.erasure.choosing import MOST, Wanted
from projects.streams.models import Project

BY = [("keys", _("their keys")), ("ids", _("their numbers")), ("attribute", _("the value of an attribute"))]
MAX_PASTED = 2_000_000


class ErasureForm(forms.Form):
    """Which examples, in one of three ways."""

    by = forms.ChoiceField(
        label=_("Find them by"), choices=BY, initial="keys", widget=forms.RadioSelect, required=True
    )
    stream: Any = forms.ModelChoiceField(
        label=_("Stream"),
        queryset=None,
        required=False,
        empty_label=_("All streams of the project"),
        help_text=_("A key belongs to one stream; numbers and attributes may be looked for on all."),
    )
    named = forms.CharField(
        label=_("Keys or numbers"),
        required=False,
        max_length=MAX_PASTED,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "mono"}),
        help_text=_("One a line."),
    )
    attribute = forms.CharField(
        label=_("Attribute"), required=False, max_length=60, help_text=_("For example the one that says who.")
    )
    value = forms.CharField(label=_("Its value"), required=False, max_length=500)
    reference = forms.CharField(
        label=_("Reference"),
        required=False,
        max_length=120,
        help_text=_("The letter or ticket that this answers. No names: it is kept."),
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        streams: Any = self.fields["stream"]
        streams.queryset = project.streams.select_related("organization").order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        """What the chosen way needs is there."""
        given = super().clean() or {}
        lines = [line.rstrip("\r") for line in given.get("named", "").split("\n") if line.strip()]
        by = given.get("by")
        if by in ("keys", "ids") and not lines:
            self.add_error("named", _("Say which examples."))
        if len(lines) > MOST:
            self.add_error("named", _("At most %(most)s at a time.") % {"most": f"{MOST:,}"})
        if by == "ids" and not all(line.strip().isdecimal() and len(line.strip()) < 19 for line in lines):
            self.add_error("named", _("A number is made of digits only."))
        if by == "keys" and not given.get("stream"):
            self.add_error("stream", _("Say on which stream these keys are."))
        if by == "attribute" and not (given.get("attribute") and given.get("value")):
            self.add_error("attribute", _("Say which attribute, and which value."))
        return given | {"lines": lines}

    def wanted(self) -> Wanted:
        """Which examples, once the form is valid."""
        given = self.cleaned_data
        match given["by"]:
            case "keys":
                return Wanted(keys=tuple(given["lines"]))
            case "ids":
                return Wanted(ids=tuple(int(line) for line in given["lines"]))
        return Wanted(attribute=given["attribute"], value=given["value"])
