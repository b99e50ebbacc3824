"""Notes of changes hold what examples were; the counts take them up, and then they are gone."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from slices.definitions.counting import fold
from teams.work.erasing import Doomed, NotYet


def put_notes_away(doomed: Doomed) -> int:
    """Fold until no note speaks of the examples any more; how many notes did. Raises NotYet while another folds."""
    organization, notes = doomed.organization, about(doomed)
    streams = set(notes.values_list("stream_id", flat=True))
    before = notes.count()
    for stream in organization.streams.filter(pk__in=streams).select_related("organization").order_by("pk"):
        while notes.filter(stream_id=stream.pk).exists() and fold(stream):
            pass
    notes.exclude(stream_id__in=organization.streams.values("pk")).delete()
    if notes.exists():
        raise NotYet
    return before


def about(doomed: Doomed) -> Any:
    """The notes that say what one of the examples was."""
    rows = doomed.organization.example_changes
    return rows.filter(Q(arrived=None), example_id__in=doomed.example_ids)
