"""What a job says while it works: committed at once, through a connection of its own, and seen by everybody.

The effect of a job is one transaction, which nobody sees before its end. How far it has come is not part of the effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

from teams.work.jobs import LONG_LEASE, Superseded
from teams.work.models import Job

LONGER = """
UPDATE teams_job SET lease_until = %s WHERE organization_id = %s AND id = %s AND token = %s AND state = 'running'
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
    """Keep a job's lease for as long again, and show that whoever does it is alive.

    Raises Superseded when it went to somebody else.
    """
    cursor.execute(LONGER, [timezone.now() + LONG_LEASE, job.organization_id, job.pk, job.token])
    if not cursor.rowcount:
        raise Superseded
    cursor.execute(ALIVE)
