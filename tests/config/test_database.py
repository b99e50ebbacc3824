"""The default PostgreSQL: one server for all who need it, whatever is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from config import database, postgres
from config.bootstrap import ROOT

USE = """
import json, os, sys
from pathlib import Path
import psycopg
from config.database import DatabaseUnavailable, Server, exit_on_signals, ensure_running
exit_on_signals()
local = Path(sys.argv[1])
try:
    with ensure_running(local):
        pid, data = Server(local).postmaster()
        print(json.dumps({"pid": pid, "data": str(data)}), flush=True)
        sys.stdin.read()
except DatabaseUnavailable as problem:
    sys.exit(str(problem))
"""


class User:
    """A process that holds the server until it is let go."""

    def __init__(self, local: Path, **extra: str) -> None:
        clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PG_BIN")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, local],
            cwd=ROOT,
            env={**clean, **extra},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def server(self) -> int:
        """The server's process, once it is up for this user."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        return int(json.loads(line)["pid"])

    def leave(self) -> None:
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said

    def die(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def local() -> Iterator[Path]:
    """A `.local` with a cluster in it; root's server account can pass through."""
    root = Path(tempfile.mkdtemp(prefix="sluice-test-"))
    root.chmod(0o755)
    folder = root / ".local"
    with use(folder):
        pass
    yield folder
    assert database.Server(folder).postmaster() is None
    shutil.rmtree(root)


@contextmanager
def use(local: Path, **extra: str) -> Iterator[User]:
    user = User(local, **extra)
    try:
        user.server()
        yield user
        user.leave()
    finally:
        if user.process.poll() is None:
            user.die()


def connect(local: Path) -> psycopg.Connection:
    socket = str(database.Server(local).socket)
    return psycopg.connect(
        host=socket, port=postgres.PORT, user=postgres.OWNER, dbname=postgres.DATABASE, autocommit=True
    )


def is_up(local: Path) -> bool:
    return database.Server(local).postmaster() is not None


def test_the_owner_is_no_superuser_and_the_application_owns_nothing(local: Path) -> None:
    with use(local), connect(local) as connection:
        role = connection.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert role.fetchone() == (False, True)
        owner = connection.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'sluice'")
        assert owner.fetchone() == ("sluice",)
        connection.execute("CREATE DATABASE test_of_sluice")
        connection.execute("DROP DATABASE test_of_sluice")
        rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = %s"
        assert connection.execute(rights, [postgres.APP]).fetchone() == (False, False, False, True)


def test_nobody_else_can_reach_it(local: Path) -> None:
    with use(local), connect(local) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        server = database.Server(local)
        assert {folder: folder.stat().st_mode & 0o777 for folder in (server.socket,)} == {
            server.socket: 0o700
        }
        homes = list(local.glob("postgres-*"))
        assert [home.stat().st_mode & 0o777 for home in homes] == [0o700]


def test_it_stops_with_the_last_who_needs_it_and_keeps_the_data(local: Path) -> None:
    with use(local), use(local):
        with connect(local) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
    assert not is_up(local)
    with use(local), connect(local) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        connection.execute("DROP TABLE kept")


def test_eight_starts_at_once_make_one_server() -> None:
    root = Path(tempfile.mkdtemp(prefix="sluice-test-"))
    root.chmod(0o755)
    users = [User(root / ".local") for _ in range(8)]
    try:
        assert len({user.server() for user in users}) == 1
        for user in users:
            user.leave()
        assert not is_up(root / ".local")
    finally:
        for user in users:
            user.die()
        shutil.rmtree(root)


def test_a_killed_starter_leaves_it_running_for_the_next_who_stops_it(local: Path) -> None:
    first = User(local)
    pid = first.server()
    first.die()
    assert is_up(local)
    second = User(local)
    assert second.server() == pid
    second.leave()
    assert not is_up(local)


def test_a_killed_server_is_started_again_under_those_who_use_it(local: Path) -> None:
    with use(local):
        with connect(local) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS survived AS SELECT 1 AS one")
        os.kill(server_pid(local), signal.SIGKILL)
        with use(local), connect(local) as connection:
            assert connection.execute("SELECT one FROM survived").fetchone() == (1,)
            connection.execute("DROP TABLE survived")
    assert not is_up(local)


def test_a_lock_file_that_names_a_stranger_is_no_obstacle(local: Path) -> None:
    server = database.Server(local)
    (home,) = local.glob("postgres-*")
    for path in (home / "data" / "postmaster.pid", server.socket / f".s.PGSQL.{postgres.PORT}.lock"):
        path.write_text(f"{os.getpid()}\n{home / 'data'}\n")
        os.chown(path, server.uid, -1)
    with use(local):
        assert server_pid(local) != os.getpid()


def test_a_cluster_whose_making_was_killed_is_made_anew(local: Path) -> None:
    (home,) = local.glob("postgres-*")
    elsewhere = home / "data.whole"
    (home / "data").rename(elsewhere)
    try:
        (home / "data.new").mkdir()
        (home / "data.new" / "PG_VERSION").write_text("half\n")
        with use(local), connect(local) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not (home / "data.new").exists()
    finally:
        shutil.rmtree(home / "data", ignore_errors=True)
        elsewhere.rename(home / "data")


def test_a_terminated_user_leaves_in_order(local: Path) -> None:
    user = User(local)
    user.server()
    user.process.send_signal(signal.SIGTERM)
    user.process.wait(timeout=60)
    user.process.communicate()
    assert user.process.returncode == 128 + signal.SIGTERM
    assert not is_up(local)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run it as somebody else")
def test_roots_closed_folder_stays_closed() -> None:
    root = Path(tempfile.mkdtemp(prefix="sluice-test-"))
    root.chmod(0o700)
    local = root / ".local"
    server = database.Server(local)
    try:
        with use(local), connect(local) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert root.stat().st_mode & 0o777 == 0o700
        assert server.base != local
        assert [link.resolve().parent for link in local.glob("postgres-*")] == [server.base]
    finally:
        shutil.rmtree(root)
        shutil.rmtree(server.base)


def test_without_a_postgresql_the_ways_out_are_named(local: Path) -> None:
    user = User(local, PG_BIN="/nowhere")
    _, said = user.process.communicate(timeout=60)
    assert user.process.returncode == 1
    assert said.strip() == "PG_BIN names /nowhere, which holds no PostgreSQL 15 or newer."


def test_no_program_anywhere_names_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setattr("config.programs.candidates", lambda: iter(()))
    with pytest.raises(database.DatabaseUnavailable) as told:
        postgres.find_programs()
    assert "set DATABASE_URL" in str(told.value)
    assert "apt install postgresql" in str(told.value)


def test_a_database_of_ones_own_starts_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://someone@db.example.org:5433/labels")
    with database.ensure_running(tmp_path / ".local"):
        assert not (tmp_path / ".local").exists()
    assert database.database_url() == "postgres://someone@db.example.org:5433/labels"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgres://u:p%40w@h:5433/d",
            {"HOST": "h", "PORT": 5433, "USER": "u", "PASSWORD": "p@w", "NAME": "d"},
        ),
        ("postgresql://u@%2Frun%2FMy/d", {"HOST": "/run/My", "PORT": "", "USER": "u", "NAME": "d"}),
        ("postgres:///d?host=/run/My&user=u", {"HOST": "/run/My", "USER": "u", "NAME": "d", "OPTIONS": {}}),
        ("postgres://u@h/d?sslmode=require", {"HOST": "h", "OPTIONS": {"sslmode": "require"}}),
    ],
)
def test_a_url_is_read_as_it_is_meant(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: dict[str, object]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    settings = database.database_settings()
    assert {name: settings[name] for name in expected} == expected


def test_without_an_owners_url_one_role_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/d")
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    assert database.owner_settings() is None


def test_the_owner_is_another_role_in_the_same_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://app@h/d")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://owner@h/d")
    users = [(found or {})["USER"] for found in (database.database_settings(), database.owner_settings())]
    assert users == ["app", "owner"]
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://owner@h/other")
    with pytest.raises(ImproperlyConfigured, match="both must be the same one"):
        database.owner_settings()


def test_the_database_of_a_checkout_always_has_both_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    users = [(found or {})["USER"] for found in (database.database_settings(), database.owner_settings())]
    assert users == ["sluice_app", "sluice"]


def test_another_kind_of_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///labels.db")
    with pytest.raises(ImproperlyConfigured):
        database.database_settings()


def test_the_url_and_the_settings_name_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = database.database_settings()
    read = psycopg.conninfo.conninfo_to_dict(database.database_url())
    assert read == {
        "host": settings["HOST"],
        "port": settings["PORT"],
        "user": settings["USER"],
        "dbname": settings["NAME"],
    }


def test_a_path_too_long_for_a_socket_gets_a_short_folder_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 80) / ".local"
    deep.mkdir(parents=True)
    assert len(str(database.Server(deep).socket)) < 60


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("migrate", True),
        ("runserver", True),
        ("anything_else", True),
        ("check --database default", True),
        ("check", False),
        ("help", False),
        ("", False),
        ("test", False),
        ("migrate --help", False),
    ],
)
def test_the_database_is_there_for_every_command_that_may_open_it(line: str, needed: bool) -> None:
    assert database.needs_database(["manage.py", *line.split()]) is needed


def server_pid(local: Path) -> int:
    deadline = time.monotonic() + 30
    while (running := database.Server(local).postmaster()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return running[0]
