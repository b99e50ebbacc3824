"""Verdicts on answers about erased examples go: their reasons may say what was to be seen."""

from __future__ import annotations

from labeling.tasks.erasing import removed
from teams.work.erasing import Doomed

REVIEWS = """
DELETE FROM labeling_review WHERE organization_id = %(organization)s AND annotation_id IN (
    SELECT id FROM labeling_annotation WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
)
"""


def erase_reviews(doomed: Doomed) -> int:
    """How many were removed."""
    return removed(doomed, REVIEWS)
