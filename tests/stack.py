"""Sluice as it runs for real: commands as their own processes, on a database of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import psutil
import psycopg
from django.conf import settings

from config.bootstrap import ROOT
from config.database import database_settings, owner_settings

PATIENCE_S = 180.0
# A command that is told its database must not hear of the owner of another one.
ADDRESSED = {"DATABASE_OWNER_URL": "", "SLUICE_OWN_ENVIRONMENT": "1"}
MANAGE = (sys.executable, "manage.py")
WEB = (sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--lifespan", "off")


@contextlib.contextmanager
def empty_database(like: str = "template1") -> Iterator[str]:
    """The address of a new database beside the tests' own, or like another that nobody uses; gone afterwards."""
    known = owner_settings() or database_settings()
    place = place_of(known)
    name = f"sluice_own_{secrets.token_hex(4)}"
    with psycopg.connect(**place, dbname=known["NAME"], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE {name} TEMPLATE "{like}"')
        try:
            yield f"postgresql:///{name}?{urlencode(place)}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def place_of(known: Mapping[str, Any]) -> dict[str, str]:
    """How to get to a database of Django's settings, but for its name."""
    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return {key: str(known[name]) for key, name in keys.items() if known[name]}


@contextlib.contextmanager
def web_server() -> Iterator[str]:
    """The address of a web server in a process of its own, on this test's database and files."""
    known, port = settings.DATABASES["default"], free_port()
    database = f"postgresql:///{known['NAME']}?{urlencode(place_of(known))}"
    environment = {"SLUICE_FILES": str(settings.MEDIA_ROOT)}
    with Program("--port", str(port), database=database, environment=environment, start=WEB) as web:
        web.wait_for("Uvicorn running")
        yield f"http://127.0.0.1:{port}"


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as landlord:
        landlord.bind(("127.0.0.1", 0))
        return int(landlord.getsockname()[1])


def eventually(so: Callable[[], bool], still: Callable[[], object] = lambda: None) -> None:
    """Wait until it is so; `still` is called meanwhile and may say why it can no longer be."""
    deadline = time.monotonic() + PATIENCE_S
    while not so():
        still()
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.1)


class Program:
    """`manage.py <words>` as somebody runs it, and what it says. A context manager that ends it."""

    def __init__(
        self,
        *words: str,
        database: str,
        environment: Mapping[str, str] | None = None,
        start: Sequence[str] = MANAGE,
    ) -> None:
        own = {**ADDRESSED, "DATABASE_URL": database, **(environment or {})}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*start, *words],
            cwd=ROOT,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self.read, daemon=True).start()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *unused: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)

    def read(self) -> None:
        """Collect its lines while it runs."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.lines.extend(lines)

    def said(self) -> str:
        """Everything that it printed."""
        return "".join(self.lines)

    def must_run(self) -> None:
        """It has not ended."""
        assert self.process.poll() is None, self.said()

    def wait_for(self, words: str) -> None:
        """Until it has said this."""
        eventually(lambda: any(words in line for line in list(self.lines)), self.must_run)

    def family(self) -> list[psutil.Process]:
        """All that descend from it and run."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def members(self, *words: str) -> list[psutil.Process]:
        """Those of its family whose command lines hold one of these words."""
        return [one for one in self.family() if set(words) & set(command_line(one))]

    def kill(self, *words: str) -> None:
        """kill -9 of those."""
        for one in self.members(*words):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()

    def end(self) -> int:
        """Its exit code, and nothing of it left."""
        family = self.family()
        code = self.process.wait(timeout=240)
        _gone, alive = psutil.wait_procs(family, timeout=15)
        assert alive == []
        return code


def command_line(process: psutil.Process) -> list[str]:
    """The words it was started with; none of one that is gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []
