"""The heart of a long job: it beats beside the work, so that a worker that died is missed within a minute.

A beat is a row of its own. Written on the job's, it would be refused where the work reads one instant (REPEATABLE
READ) and says at its end, on that row, that it is done.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, connection
from django.db.models.functions import Now

from teams.work.leases import BEAT_EVERY_S, LONGEST
from teams.work.models import Beat, Job

log = logging.getLogger(__name__)


@contextmanager
def beating(row: Job) -> Iterator[None]:
    """While the block runs, the job's worker is known to live. The work itself notices nothing of it."""
    stop = threading.Event()
    heart = threading.Thread(target=beat, args=[row.beat_name, stop], name=row.beat_name, daemon=True)
    heart.start()
    try:
        yield
    finally:
        stop.set()
        heart.join()


def beat(name: str, stop: threading.Event) -> None:
    """Beat until told to stop, on this thread's own connection; what was beaten is forgotten then."""
    left = int(LONGEST.total_seconds() / BEAT_EVERY_S)
    if stop.wait(BEAT_EVERY_S):
        return
    try:
        while left > 0 and not beat_once(name, stop):
            left -= 1
        with suppress(DatabaseError):
            Beat.objects.filter(name=name).delete()
    finally:
        connection.close()


def beat_once(name: str, stop: threading.Event) -> bool:
    """One beat and the pause behind it; whether to stop. A database that is away is tried again next time."""
    try:
        Beat.objects.update_or_create(name=name, defaults={"at": Now()})
    except DatabaseError as error:
        log.warning("%s: a beat was lost: %s", name, error)
        connection.close()
    return stop.wait(BEAT_EVERY_S)
