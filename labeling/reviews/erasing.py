"""Issues about erased examples go: what they say may tell what was to be seen."""

from __future__ import annotations

from labeling.tasks.erasing import removed
from teams.work.erasing import Doomed

ISSUES = "DELETE FROM labeling_issue WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)"
LEASES = """
DELETE FROM labeling_reviewlease WHERE organization_id = %(organization)s AND task_id IN (
    SELECT id FROM labeling_task WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
)
"""


def erase_issues(doomed: Doomed) -> int:
    """What reviewers have before them, and the issues; how many issues were removed."""
    return removed(doomed, LEASES, ISSUES)
