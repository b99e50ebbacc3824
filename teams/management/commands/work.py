"""A worker in one plain loop: runs jobs straight from their rows."""

from __future__ import annotations

import logging
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection
from django.utils import timezone

from teams.work import beats, jobs
from teams.work.models import Job

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Long jobs; with --all also the short ones, in place of the cluster."""

    help = "Run jobs in a plain loop: the long ones, or all of them with --all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="short jobs too")
        parser.add_argument("--once", action="store_true", help="stop when nothing is ready")

    def handle(self, *args: Any, all: bool, once: bool, **options: Any) -> None:
        """Run what is ready, oldest first, until told to stop."""
        stopping: list[int] = []
        if not once:
            signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
        while not stopping:
            try:
                if not once:
                    beats.touch("jobs")
                if run_next(all):
                    continue
            except OperationalError as error:
                log.warning("the database is away: %s", error)
                connection.close()
                time.sleep(1)
            if once:
                return
            time.sleep(0.25)


def run_next(every_kind: bool) -> bool:
    """Run the job that has waited longest; False when none is ready."""
    ready = Job.objects.ready(timezone.now())
    if not every_kind:
        ready = ready.filter(is_long=True)
    job_id = ready.order_by("run_after", "id").values_list("id", flat=True).first()
    if job_id is not None:
        jobs.run(job_id)
    return job_id is not None
