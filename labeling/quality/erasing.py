"""Verdicts on answers about erased examples go: their reasons may say what was to be seen. So do known answers."""

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


GOLD_ANSWERS = """
DELETE FROM labeling_goldanswer WHERE organization_id = %(organization)s AND gold_id IN (
    SELECT id FROM labeling_gold WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
)
"""
GOLDS = "DELETE FROM labeling_gold WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)"
HITS = """
DELETE FROM labeling_heuristichit WHERE organization_id = %(organization)s AND task_id IN (
    SELECT id FROM labeling_task WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
)
"""


def erase_measured(doomed: Doomed) -> int:
    """Known answers, what people made of them, and the reasons that they gave to checks; how many were removed."""
    return removed(doomed, HITS, GOLD_ANSWERS, GOLDS)
