"""The message of a failed job may quote what it worked on."""

from __future__ import annotations

from django.db.models import F, Value
from django.db.models.functions import Concat, StrIndex, Substr

from teams.work.erasing import Doomed

FORGOTTEN = ": (what it said is removed: something was erased)"


def forget_errors(doomed: Doomed) -> int:
    """Of every message of this organization only the kind of error stays; how many were shortened.

    Nobody can tell from a message which example it quotes.
    """
    said = doomed.organization.jobs.exclude(error="").exclude(error__endswith=FORGOTTEN)
    with_words = said.filter(error__contains=":").annotate(at=StrIndex("error", Value(":")))
    shortened = Concat(Substr("error", 1, F("at") - 1), Value(FORGOTTEN))
    return with_words.update(error=shortened)
