"""A condition as a person writes it in a form: text in, JSON out, every error in words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from projects.conditions.condition import Condition
from projects.conditions.errors import ConditionError
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
        _("Condition"), _('For example: store = "north" and confidence < 0.8. Empty: every example.')
    )

    def stream_of(self) -> Stream | None:
        """The stream that the condition is about: chosen in the form, or the row's own."""
        chosen: Stream | None = self.cleaned_data.get("stream")
        return chosen or (self.instance.stream if self.instance.stream_id else None)

    def clean(self) -> dict[str, Any]:
        """`condition` as JSON; what is wrong with it stands beside the field."""
        super().clean()
        stream = self.stream_of()
        if stream is not None and "condition" in self.cleaned_data:
            try:
                condition = Condition.from_text(self.cleaned_data["condition"], stream)
            except ConditionError as error:
                self.add_error("condition", [row["detail"] for row in error.errors])
            else:
                self.cleaned_data["condition"] = condition.json
        return self.cleaned_data


def condition_text(value: Any, stream: Stream) -> str:
    """A stored condition as people write it."""
    try:
        return Condition.from_json(value, stream).text
    except ConditionError:
        return str(value)  # an attribute has gone since; the page says so when it is saved
