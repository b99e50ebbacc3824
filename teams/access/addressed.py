"""What the address of a page asks; what makes no sense there is as if it were not said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)
LONGEST = 100


def row_id(text: str) -> int | None:
    """The id of a row, which has fewer than 19 digits; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def older(rows: models.QuerySet[M], given: Mapping[str, str]) -> models.QuerySet[M]:
    """The rows from before `?before=`, a row's id; all without."""
    before = row_id(given.get("before", ""))
    return rows if before is None else rows.filter(pk__lt=before)


def words(given: Mapping[str, str], name: str) -> str:
    """A few words, as somebody typed them."""
    return given.get(name, "").replace("\x00", "").strip()[:LONGEST]


def one_of(given: Mapping[str, str], name: str, options: Iterable[tuple[str, Any]], default: str = "") -> str:
    """The value of one of these options."""
    value = given.get(name, "")
    return value if value in dict(options) else default
