"""`manage.py up`: from an empty database to a served page, and nothing left when it is told to stop."""

import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.stack import Program, empty_database, eventually, free_port

BEATS = {"worker", "jobs", "clock"}


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a new database."""
    with empty_database() as url:
        yield url


def serves(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=10) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        raise
    except OSError:
        return False


def living(url: str) -> set[str]:
    """Who has given a sign of life."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('teams_beat')").fetchone() == (None,):
            return set()
        return {name for (name,) in connection.execute("SELECT name FROM teams_beat").fetchall()}


@pytest.mark.slow
def test_it_serves_beats_and_leaves_nobody_behind(database: str, tmp_path: Path) -> None:
    port = free_port()
    files = {"SLUICE_FILES": str(tmp_path / "files")}
    with Program("up", "--port", str(port), "-v", "0", database=database, environment=files) as up:
        eventually(lambda: serves(port), up.must_run)
        eventually(lambda: living(database) == BEATS, up.must_run)
        assert len(up.family()) >= 4
        up.process.send_signal(signal.SIGTERM)
        assert up.end() == 128 + signal.SIGTERM
    assert not serves(port)


def test_a_taken_port_is_a_sentence(database: str) -> None:
    with socket.socket() as landlord:
        landlord.bind(("127.0.0.1", 0))
        landlord.listen()
        port = landlord.getsockname()[1]
        up = Program("up", "--port", str(port), database=database)
        assert up.process.wait(timeout=60) == 1
        eventually(lambda: f"Port {port} is in use by another program" in up.said())
