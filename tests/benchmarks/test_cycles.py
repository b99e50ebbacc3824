"""Answer-and-next over real HTTP: twenty labelers, a hundred thousand open tasks, one web process.

What users would pick instead managed 5.5 such cycles a second on two cores, with 118 statements each. The rate here is
by CPU: what the web process and the database's backends use for a cycle, on two cores. What else runs on the machine
is not in it.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
from django.db import connection
from django.test import Client

from config.bootstrap import ROOT
from config.processes import WEB
from labeling.models import Annotation, Queue
from teams.identity.roles import Role
from tests.benchmarks.test_next_task import FILL, TASKS, sql
from tests.factories import ExampleFactory, QueueFactory, member
from tests.recorder import BENCHMARKS, Goal, ratio_entry, write
from tests.stack import eventually, free_port

LABELERS, ROUNDS, SECONDS = 20, 3, 10
CORES = 2
THEIRS = 5.5  # cycles a second of Label Studio 1.23.2, on two cores
GOAL = Goal(">=", 30)
HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|lease|token)" value="([^"]*)"')


@contextmanager
def web() -> Iterator[tuple[int, psutil.Process]]:
    """The web server on the test's database: its port, and its process."""
    port, place = free_port(), connection.settings_dict
    keys = {
        "host": place["HOST"],
        "port": place["PORT"],
        "user": place["USER"],
        "password": place["PASSWORD"],
    }
    query = urlencode({key: str(value) for key, value in keys.items() if value})
    own = {
        "DATABASE_URL": f"postgresql:///{place['NAME']}?{query}",
        "DATABASE_OWNER_URL": "",
        "SLUICE_WEB": "1",
    }
    command = [*WEB, "--port", str(port), "--lifespan", "off", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own})
    try:
        eventually(lambda: answers(port))
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        HTTPConnection("127.0.0.1", port, timeout=5).connect()
    except OSError:
        return False
    return True


class Labeler:
    """Presses the same key for ever."""

    def __init__(self, queue: Queue, port: int) -> None:
        user, browser = member(queue.organization, Role.LABELER, queue.project), Client()
        browser.force_login(user)
        self.url = f"/o/{queue.organization.slug}/label/{queue.project.slug}/{queue.slug}/"
        form = browser.get(self.url)
        cookies = "; ".join(f"{name}={value.value}" for name, value in browser.cookies.items())
        self.headers = {
            "Cookie": cookies,
            "X-Fragment": "1",
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": f"127.0.0.1:{port}",
        }
        self.port, self.cycles = port, 0
        self.form = dict(HIDDEN.findall(form.content.decode()))

    def post(self, line: HTTPConnection, name: str) -> None:
        """Send the form that the page has, and keep the one that comes."""
        line.request("POST", self.url + name, urlencode({**self.form, "digit": "3"}), self.headers)
        answer = line.getresponse()
        page = answer.read().decode()
        assert answer.status == 200, page[:300]
        self.form = dict(HIDDEN.findall(page))

    def work(self, until: threading.Event) -> None:
        """Answer and get the next, again and again."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.post(line, "take/")
        while not until.is_set():
            self.post(line, "answer/")
            self.cycles += 1


def spent(server: psutil.Process) -> float:
    """Seconds of CPU of the web process and of everything that is this database."""
    postmaster = psutil.Process(connection.connection.info.backend_pid).parent()
    assert postmaster is not None
    total = sum(server.cpu_times()[:2])
    for one in postmaster.children():
        try:
            total += sum(one.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total


def round_of(people: list[Labeler], server: psutil.Process) -> tuple[float, float]:
    """(cycles a second on the wall, cycles a second of CPU)."""
    over, before, done = threading.Event(), spent(server), sum(one.cycles for one in people)
    started = time.monotonic()
    threads = [threading.Thread(target=one.work, args=[over]) for one in people]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    over.set()
    for thread in threads:
        thread.join()
    cycles = sum(one.cycles for one in people) - done
    return cycles / (time.monotonic() - started), cycles / (spent(server) - before)


@pytest.mark.django_db(transaction=True)
def test_answer_and_next() -> None:
    queue: Any = QueueFactory()
    sql(FILL, tasks=TASKS, example=ExampleFactory(stream=queue.stream).pk, queue=queue.pk)
    sql("ANALYZE")
    with web() as (port, server):
        people = [Labeler(queue, port) for _ in range(LABELERS)]
        found = [round_of(people, server) for _ in range(ROUNDS)]
    given = Annotation.objects.filter(queue=queue)
    assert given.count() == sum(one.cycles for one in people) == given.values("task").distinct().count()
    name = f"answer-and-next over HTTP, {LABELERS} labelers, {TASKS:,} open: cycles/s by CPU against Label Studio"
    write(BENCHMARKS, ratio_entry(name, [cpu * CORES / THEIRS for _wall, cpu in found], GOAL))
    print(f"cycles/s (wall, of a CPU second): {found}")
