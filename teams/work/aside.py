"""What a job says while it works: committed at once, through a connection of its own, and seen by everybody.

The effect of a job is one transaction, which nobody sees before its end. How far it has come is not part of the effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from teams.work.jobs import Superseded
from teams.work.models import Job

OURS = """
SELECT FROM teams_job WHERE organization_id = %s AND id = %s AND token = %s AND state = 'running'
"""

ALIVE = """
INSERT INTO teams_beat (name, at) VALUES ('jobs', clock_timestamp())
ON CONFLICT (name) DO UPDATE SET at = excluded.at
"""


@contextmanager
def aside() -> Iterator[Any]:
    """A cursor whose statements are committed one by one, whatever becomes of the caller's transaction."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def hold_on(job: Job, cursor: Any) -> None:
    """Show that whoever does a job gets on with it. Raises Superseded when it went to somebody else."""
    cursor.execute(OURS, [job.organization_id, job.pk, job.token])
    if not cursor.rowcount:
        raise Superseded
    cursor.execute(ALIVE)
