"""What an erasure would take away, before anybody confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.erasure.choosing import Wanted, check_found, check_wanted, chosen
from projects.streams.models import Project, Stream
from teams.work.erasing import Doomed, erasers

COUNT_UP_TO = 5_000  # examples whose rows elsewhere are counted; above that the numbers are "at least"
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Preview:
    """How many examples are here and named in vain, the first of them, and what else goes with them."""

    n: int
    unknown: int
    is_exact: bool
    examples: list[Any]
    parts: list[tuple[str, str | Promise, int]]  # name, words, how many


def preview(*, project: Project, stream: Stream | None, wanted: Wanted) -> Preview:
    """Look without touching. Raises Invalid, and Refused where none of them is here."""
    check_wanted(wanted, stream)
    rows = chosen(project, stream, wanted)
    n = rows.count()
    check_found(n)
    first = list(rows.select_related("stream").order_by("pk")[:SHOWN])
    ids = tuple(rows.order_by("pk").values_list("pk", flat=True)[:COUNT_UP_TO])
    named = len(set(wanted.keys or wanted.ids))
    doomed = Doomed(project.organization, ids)
    said = project.organization.predictions.filter(example__in=ids).count()
    counted = [
        (row.name, row.words, row.count(doomed))
        for row in [*erasers(at_once=True), *erasers(at_once=False)]
        if row.count is not None
    ]
    parts = [*counted, ("predictions", _("Predictions"), said)]
    return Preview(n, max(0, named - n) if named else 0, n <= COUNT_UP_TO, first, parts)
