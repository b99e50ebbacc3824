"""A condition as a person writes it in a form: text in, JSON out, every error in words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from projects.conditions.condition import Condition
from projects.conditions.errors import ConditionError
from projects.conditions.text import shown
from projects.streams.models import Stream
from teams.desk.scoped import DeskForm


def condition_field(label: Any, help_text: Any) -> forms.CharField:
    """The text of a condition; empty is no condition."""
    return forms.CharField(
        label=label,
        required=False,
        max_length=4000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false", "class": "desk-code"}),
        help_text=help_text,
    )


class ConditionForm(DeskForm):
    """A form with a field `condition` over the attributes of one stream."""

    condition = condition_field(
        _("Condition"), _("For example: store = 'north' and confidence < 0.8. Empty: every example.")
    )

    def stream_of(self) -> Stream | None:
        """The stream that the condition is about: chosen in the form, or the row's own."""
        chosen: Stream | None = self.cleaned_data.get("stream")
        return chosen or (self.instance.stream if self.instance.stream_id else None)

    def named_as(self) -> str | None:
        """The name under which other conditions may refer to this one; None where there is none."""
        return None

    def params(self) -> dict[str, str]:
        """The parameters that the condition may use; none unless a form says so."""
        return {}

    def clean(self) -> dict[str, Any]:
        """`condition` as JSON; what is wrong with it stands beside the field."""
        super().clean()
        stream = self.stream_of()
        if stream is not None and "condition" in self.cleaned_data:
            try:
                text, of = self.cleaned_data["condition"], self.named_as()
                condition = Condition.from_text(text, stream, params=self.params(), of=of)
            except ConditionError as error:
                self.add_error("condition", [row["detail"] for row in error.errors])
            else:
                self.cleaned_data["condition"] = condition.json
        return self.cleaned_data


def condition_text(value: Any) -> str:
    """A stored condition as people write it; nothing is looked up, so lists may call it for each row."""
    return shown(value)
