"""Columns of the desk's lists: a status with its tone, a row with a link to its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from unfold.decorators import display

from teams.desk.statuses import LOOKS

TONES = {"good": "success", "bad": "danger", "warn": "warning", "accent": "info"}
LABELS = {status: TONES.get(look.tone, "default") for status, look in LOOKS.items()}

Column = Callable[[Any, Any], Any]


class Labelled(tuple[str, str]):
    """(status, words): a list draws it as a label, a page says the words."""

    def __str__(self) -> str:
        return self[1]


class Headed(list[str]):
    """[name, address]: a list draws them below each other, a page says them in a line."""

    def __str__(self) -> str:
        return f"{self[0]} ({self[1]})"


def labelled(status: str, words: str | Promise) -> Labelled:
    """A status with its words."""
    return Labelled((status, str(words)))


def status(field: str, description: str | Promise) -> Column:
    """A stored status as the word and tone that it has on every page."""

    @display(description=description, ordering=field, label=LABELS)
    def column(_admin: Any, row: models.Model) -> Any:
        value = getattr(row, field)
        look = LOOKS.get(value)
        return labelled(value, look.label) if look else getattr(row, f"get_{field}_display")()

    return column


def linked(field: str, description: str | Promise) -> Column:
    """Another row, with a link to its page at the desk."""

    @display(description=description, ordering=field, empty_value="—")
    def column(_admin: Any, row: models.Model) -> Any:
        return link_to(getattr(row, field))

    return column


def link_to(row: models.Model | None) -> Any:
    """A row's name, as a link where the desk has a page for it."""
    if row is None:
        return None
    try:
        url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return str(row)
    return format_html('<a href="{}" class="desk-link">{}</a>', url, row)


def short_hash(field: str, description: str | Promise) -> Column:
    """The first twelve characters of a digest."""

    @display(description=description)
    def column(_admin: Any, row: models.Model) -> Any:
        return getattr(row, field)[:12] or "—"

    return column
