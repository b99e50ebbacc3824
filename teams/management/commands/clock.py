"""The clock process: looks for what is due several times a second. Any number may run."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from teams.work import beats, clock

log = logging.getLogger(__name__)

BEAT_EVERY_S = 2.0


class Command(BaseCommand):
    """Fire schedules, expire leases, hint jobs."""

    help = "Run the clock: schedules, deadlines, leases and jobs that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=0.25, help="seconds between two looks")

    def handle(self, *args: Any, every: float, **options: Any) -> None:
        """Look, sleep, look again; a database that is away is waited for."""
        next_beat = 0.0
        while True:
            try:
                clock.tick(timezone.now())
                if time.monotonic() >= next_beat:
                    beat()
                    next_beat = time.monotonic() + BEAT_EVERY_S
            except OperationalError as error:
                log.warning("the database is away: %s", error)
                connection.close()
                time.sleep(1)
            time.sleep(every)


def beat() -> None:
    """The clock's own sign of life, and one that must travel through the worker's queue."""
    beats.touch("clock")
    if OrmQ.objects.count() < clock.OUTSTANDING_HINTS:
        async_task(beats.touch, "worker")
