"""Many labelers in processes of their own, on the pages, while processes die and leases run out."""

from __future__ import annotations

import math
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from labeling.models import Queue, Task
from labeling.tasks import claiming

FRAGMENT = {"X-Fragment": "1"}


@dataclass
class Crowd:
    """Windows on a queue, each a process; one that is killed is opened again. `seconds` bounds it all."""

    queue: Queue
    windows: list[Client]
    seed: int
    seconds: float
    kills: int = 0
    expired: int = 0
    running: dict[int, Client] = field(default_factory=dict)

    def work(self) -> bool:
        """Until every task is settled; whether that came to be in time."""
        lot, end = random.Random(self.seed), time.monotonic() + self.seconds
        label(
            self.windows[0], self.queue, random.Random(self.seed), turns=2
        )  # what follows finds pages made ready
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
            for pid in self.running:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def is_done(self) -> bool:
        """Whether nobody is needed any more."""
        return not Task.objects.filter(queue=self.queue, state="open").exists()

    def open(self, window: Client, seed: int) -> None:
        """A process that answers in this window until it is killed."""
        connections.close_all()  # a child must not share the parent's socket
        pid = os.fork()
        if pid:
            self.running[pid] = window
            return
        try:
            label(window, self.queue, random.Random(seed))
        finally:
            os._exit(0)

    def kill(self, lot: random.Random) -> None:
        """kill -9, wherever it is."""
        pid = lot.choice(sorted(self.running))
        os.kill(pid, signal.SIGKILL)
        self.kills += 1

    def bury(self, lot: random.Random) -> None:
        """Open the windows of the dead again."""
        for pid in list(self.running):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self.open(self.running.pop(pid), lot.randrange(2**31))


def label(window: Client, queue: Queue, lot: random.Random, turns: float = math.inf) -> None:
    """Answer what comes, sometimes twice, sometimes too late; fetch ahead, skip nothing."""
    url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
    post: Callable[..., Any] = lambda name, **data: window.post(url + name, data, headers=FRAGMENT)  # noqa: E731
    while turns > 0:
        lease = held(post("take/"))
        while lease is not None and turns > 0:
            turns -= 1
            form = {"lease": lease.pk, "token": lease.token, "digit": str(lot.randrange(10))}
            if lot.random() < 0.3:
                post("prefetch/")
            if lot.random() < 0.03:
                time.sleep(1.5)  # longer than the lease
            answer = post("answer/", **form)
            if lot.random() < 0.2:
                post("answer/", **form)  # a second click
            lease = held(answer)
        time.sleep(0.2)


def held(answer: Any) -> Any:
    """The lease that a page shows, if it shows one."""
    return answer.context["lease"] if answer.status_code == 200 and answer.context else None


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
