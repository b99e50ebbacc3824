"""Answers about erased examples go: what somebody said of a picture tells what was on it."""

from __future__ import annotations

from labeling.tasks.erasing import removed
from teams.work.erasing import Doomed

ANSWERS = (
    "DELETE FROM labeling_annotation WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)"
)


def erase_answers(doomed: Doomed) -> int:
    """How many answers of people, by rule or from imports were removed."""
    return removed(doomed, ANSWERS)


def count_answers(doomed: Doomed) -> int:
    """How many there are."""
    return doomed.organization.annotations.filter(example__in=doomed.example_ids).count()
