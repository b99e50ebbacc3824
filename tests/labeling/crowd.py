"""Many labelers in processes of their own, on the pages, while processes die and leases run out."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from labeling.models import Queue, Task
from labeling.tasks import claiming
from tests.labeling import window as windows

# Forked from a process that has Django and nothing else: no browser's loop, no threads of a server.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload([windows.__name__])
PLACE = ("NAME", "HOST", "PORT", "USER", "PASSWORD")


@dataclass
class Crowd:
    """Windows on a queue, each a process; one that is killed is opened again. `seconds` bounds it all."""

    queue: Queue
    windows: list[Client]
    seed: int
    seconds: float
    kills: int = 0
    expired: int = 0
    running: list[tuple[BaseProcess, Client]] = field(default_factory=list)

    def work(self) -> bool:
        """Until every task is settled; whether that came to be in time."""
        lot, end = random.Random(self.seed), time.monotonic() + self.seconds
        for number, window in enumerate(self.windows):
            self.open(window, self.seed + number)
        try:
            while not self.is_done():
                if time.monotonic() > end:
                    return False
                time.sleep(0.2)
                self.expired += claiming.expire(timezone.now())
                self.bury(lot)
                if lot.random() < 0.12:
                    self.kill(lot)
            return True
        finally:
            for process, _window in self.running:
                process.kill()
                process.join()

    def is_done(self) -> bool:
        """Whether nobody is needed any more."""
        return not Task.objects.filter(queue=self.queue, state="open").exists()

    def open(self, window: Client, seed: int) -> None:
        """A process that answers in this window until it is killed."""
        place: dict[str, Any] = {name: connection.settings_dict[name] for name in PLACE}
        session = window.cookies[settings.SESSION_COOKIE_NAME].value
        process = PROCESSES.Process(
            target=windows.run, args=(place, session, self.queue.pk, seed), daemon=True
        )
        process.start()
        self.running.append((process, window))

    def kill(self, lot: random.Random) -> None:
        """kill -9, wherever it is."""
        lot.choice(self.running)[0].kill()
        self.kills += 1

    def bury(self, lot: random.Random) -> None:
        """Open the windows of the dead again."""
        for one in list(self.running):
            process, window = one
            if not process.is_alive():
                self.running.remove(one)
                self.open(window, lot.randrange(2**31))


WRONG = """
    SELECT task.id, task.state, task.open_slots, count(said.id), count(DISTINCT said.author_id)
    FROM labeling_task task
    LEFT JOIN labeling_annotation said ON said.task_id = task.id AND said.source = 'person'
    WHERE task.queue_id = %(queue)s GROUP BY task.id
    HAVING count(said.id) <> %(overlap)s OR count(DISTINCT said.author_id) <> %(overlap)s OR task.open_slots <> 0
        OR task.state NOT IN ('complete', 'accepted')
"""
STRAY = """
    SELECT lease.id, lease.state FROM labeling_lease lease JOIN labeling_task task ON task.id = lease.task_id
    WHERE lease.queue_id = %(queue)s AND lease.state = 'held' OR lease.state = 'answered' AND NOT EXISTS (
        SELECT FROM labeling_annotation said WHERE said.lease_id = lease.id
    )
"""


def violations(queue: Queue) -> list[str]:
    """A sentence for every task that did not end with exactly as many answers of as many people."""
    values = {"queue": queue.pk, "overlap": queue.overlap}
    with connection.cursor() as cursor:
        cursor.execute(WRONG, values)
        tasks = [
            f"task {pk} is {state} with {slots} places, {n} answers of {people} people"
            for pk, state, slots, n, people in cursor.fetchall()
        ]
        cursor.execute(STRAY, values)
        return tasks + [f"lease {pk} is {state}" for pk, state in cursor.fetchall()]
