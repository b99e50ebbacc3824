"""Which database: DATABASE_URL's, or a PostgreSQL in .local that lives while some command needs it."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote

import environ
from django.core.exceptions import ImproperlyConfigured

from config.bootstrap import LOCAL, NEEDS_NO_DATABASE
from config.postgres import APP, DATABASE, OWNER, PORT, Server
from config.programs import DatabaseUnavailable

__all__ = [
    "DatabaseUnavailable",
    "Server",
    "database_for",
    "database_settings",
    "database_url",
    "ensure_running",
    "hold",
    "owner_settings",
]


def database_url() -> str:
    """The database as libpq reads it. Looks nothing up and starts nothing."""
    socket = quote(str(Server(LOCAL).socket), safe="")
    local = f"postgresql:///{DATABASE}?host={socket}&port={PORT}&user={APP}"
    return os.environ.get("DATABASE_URL") or local


def database_settings() -> dict[str, Any]:
    """The database as Django reads it, for the application's own role. Looks nothing up and starts nothing."""
    given = os.environ.get("DATABASE_URL")
    return read_url(given) if given else local_settings(APP)


def owner_settings() -> dict[str, Any] | None:
    """The same database for the role that owns its tables; None where one role does everything.

    Raises ImproperlyConfigured where DATABASE_OWNER_URL names another database than DATABASE_URL: a migration
    would change the one and grant for the other.
    """
    if not os.environ.get("DATABASE_URL"):
        return local_settings(OWNER)
    given = os.environ.get("DATABASE_OWNER_URL")
    if not given:
        return None
    owners, ours = read_url(given), database_settings()
    if owners["NAME"] != ours["NAME"]:
        raise ImproperlyConfigured(
            f"DATABASE_URL is the database {ours['NAME']}, DATABASE_OWNER_URL is {owners['NAME']}; "
            "both must be the same one."
        )
    return owners


def local_settings(role: str) -> dict[str, Any]:
    """The database of this checkout, for one of its roles."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": role,
        "PASSWORD": "",
        "HOST": str(Server(LOCAL).socket),
        "PORT": PORT,
        "OPTIONS": {},
    }


def read_url(url: str) -> dict[str, Any]:
    """Django's settings of a URL; sockets may be written as a quoted host or as ?host=."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            "DATABASE_URL must be of the form postgres://user:password@host:5432/name."
        )
    settings: dict[str, Any] = environ.Env.db_url_config(url)
    options = settings.setdefault("OPTIONS", {})
    for key, name in {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}.items():
        settings[name] = options.pop(key, settings[name])
    settings["HOST"] = unquote(settings["HOST"])
    return settings


@contextmanager
def database_for(argv: Sequence[str]) -> Iterator[None]:
    """The database beside one command line, where the command needs it; no database is a plain sentence."""
    if not needs_database(argv):
        yield
        return
    try:
        release = hold()
    except DatabaseUnavailable as problem:
        sys.exit(str(problem))
    try:
        yield
    finally:
        wait_for_children()
        release()


def needs_database(argv: Sequence[str]) -> bool:
    """Whether a command line opens the database."""
    command = argv[1] if len(argv) > 1 else ""
    if "--database" in argv:
        return True
    return command not in NEEDS_NO_DATABASE and not {"--help", "-h"} & set(argv)


@contextmanager
def ensure_running(local: Path = LOCAL) -> Iterator[None]:
    """The local server for as long as this block lasts; nothing where DATABASE_URL is set."""
    release = hold(local)
    try:
        yield
    finally:
        release()


def hold(local: Path = LOCAL) -> Callable[[], None]:
    """Have the local server until the function returned is called; nothing where DATABASE_URL is set.

    Holders are counted by a shared lock on a file, which the kernel gives back even at kill -9; the last one
    to leave stops the server. Raises DatabaseUnavailable.
    """
    if os.environ.get("DATABASE_URL"):
        return lambda: None
    users = users_file(local)
    server = Server(local)
    try:
        with gate(local):
            fcntl.flock(users, fcntl.LOCK_SH)
            wake(server)
    except BaseException:
        users.close()
        raise
    return lambda: leave(server, users)


def users_file(local: Path) -> IO[str]:
    """The file whose shared lock says that somebody uses the server."""
    try:
        local.mkdir(exist_ok=True)
        return open(local / "database.users", "a")
    except PermissionError as problem:
        raise DatabaseUnavailable(
            f"{problem.filename} cannot be written by this account, and the local database lives beside it. "
            "Use a checkout of your own, or set DATABASE_URL."
        ) from problem


def wake(server: Server) -> None:
    """Have it answer, starting it if it does not. Call with the gate held."""
    if not server.answers():
        server.start()
    server.provision()


def leave(server: Server, users: IO[str]) -> None:
    """Give the server up, and stop it if nobody else holds it; a second call does nothing."""
    if users.closed:
        return
    with gate(server.local), users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            server.stop()
        except BlockingIOError:
            pass  # somebody else is at work
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)  # a forked child may have the file open still


def revive() -> None:
    """Start the local server again if it died under those who hold it; nothing where DATABASE_URL is set."""
    if not os.environ.get("DATABASE_URL"):
        with gate(LOCAL):
            wake(Server(LOCAL))


@contextmanager
def gate(local: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with open(local / "database.gate", "a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def wait_for_children() -> None:
    """Wait for what the command forked: qcluster returns from `handle` while its cluster works on."""
    processes = sys.modules.get("multiprocessing.process")
    for child in processes.active_children() if processes else []:
        if not child.daemon:
            child.join()


def exit_on_signals() -> None:
    """Leave by the ordinary way on SIGTERM and a closed terminal, so that what was started is stopped."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores the second, and that stays
            signal.signal(number, lambda number, frame: sys.exit(128 + number))
