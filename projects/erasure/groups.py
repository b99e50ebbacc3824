"""A group that an import placed is known by its key; when its last example is erased, that goes too."""

from __future__ import annotations

from typing import Any

from django.db import connection

from teams.work.erasing import Doomed

# In two looks, each by an index: examples whose group is named by an attribute, and those that are their own group.
GROUPS = """
DELETE FROM projects_splitassignment assigned
USING (
    SELECT DISTINCT stream_id, split_key FROM projects_example
    WHERE organization_id = %(organization)s AND id = ANY(%(ids)s)
) doomed
WHERE assigned.organization_id = %(organization)s
    AND assigned.stream_id = doomed.stream_id AND assigned.split_key = doomed.split_key
    AND NOT EXISTS (
        SELECT FROM projects_example other WHERE other.organization_id = %(organization)s
            AND other.stream_id = doomed.stream_id AND other.split_key = doomed.split_key
            AND NOT other.split_key = other.key AND other.id <> ALL(%(ids)s)
    )
    AND NOT EXISTS (
        SELECT FROM projects_example other WHERE other.organization_id = %(organization)s
            AND other.stream_id = doomed.stream_id AND other.key = doomed.split_key
            AND other.split_key = other.key AND other.id <> ALL(%(ids)s)
    )
"""


def erase_groups(doomed: Doomed) -> int:
    """How many groups nobody is left of."""
    values: dict[str, Any] = {"organization": doomed.organization.pk, "ids": list(doomed.example_ids)}
    with connection.cursor() as cursor:
        cursor.execute(GROUPS, values)
        return int(cursor.rowcount)
