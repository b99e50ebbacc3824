"""Which settings a form changed, from what to what, fit for an event."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.forms import ModelForm

LONGEST = 300

Changes = dict[str, dict[str, Any]]


def changes(form: ModelForm) -> Changes:
    """{setting: {"before", "after"}} of the model's own fields that the form changed."""
    names = {field.name for field in form.instance._meta.concrete_fields}
    return {
        name: {"before": plain(form.initial.get(name)), "after": plain(form.cleaned_data.get(name))}
        for name in form.changed_data
        if name in names
    }


def plain(value: Any) -> Any:
    """A value as JSON can hold it; a row by its id, a long text cut short."""
    match value:
        case None | bool() | int() | float():
            return value
        case models.Model():
            return value.pk
        case list() | tuple():
            return [plain(item) for item in value]
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
    return str(value)[:LONGEST]
