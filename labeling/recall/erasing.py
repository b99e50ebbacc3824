"""That an answer about an erased example was recalled is forgotten with it."""

from __future__ import annotations

from labeling.tasks.erasing import removed
from teams.work.erasing import Doomed

RECALLED = """
DELETE FROM labeling_recalledanswer WHERE organization_id = %(organization)s AND annotation_id IN (
    SELECT id FROM labeling_annotation WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
)
"""


def erase_recalled(doomed: Doomed) -> int:
    """How many were removed."""
    return removed(doomed, RECALLED)
