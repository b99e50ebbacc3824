"""The PostgreSQL server of this checkout: its cluster made, started, looked at and stopped."""

import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql

from config.programs import (
    DatabaseUnavailable,
    can_enter,
    find_programs,
    major,
    open_for_reading,
    unprivileged_account,
    version,
)

# Neither is a superuser, so that missing permissions show here and not first in production.
OWNER = "sluice"  # migrates, and makes the databases of tests
APP = "sluice_app"  # owns nothing: what web, worker and clock are
RIGHTS = {OWNER: "LOGIN CREATEDB", APP: "LOGIN"}
DATABASE = "sluice"
SUPERUSER = "postgres"
PORT = "5432"
# Only the superuser can install these; in template1 every test database has them too.
EXTENSIONS = ("pg_stat_statements", "postgres_fdw", "vector")
START_S = 120  # recovery after a crash may take its time
ATTEMPTS = 5
SOCKET_PATH_LIMIT = 100  # bytes; the system's is 104 (macOS) or 108 (Linux)


class Server:
    """The server whose data live in this `.local`; nothing happens before `start`."""

    def __init__(self, local: Path) -> None:
        self.local = local.resolve()
        self.account = unprivileged_account() if os.geteuid() == 0 else None
        self.name = hashlib.sha256(str(self.local).encode()).hexdigest()[:10]

    @cached_property
    def base(self) -> Path:
        """Where data and sockets lie: `.local`, unless root's checkout is closed to the server's account."""
        ground = self.local if self.local.exists() else self.local.parent
        if self.account is None or can_enter(ground, self.account):
            return self.local
        return Path("/var/lib").resolve() / f"sluice-{self.name}"

    @cached_property
    def socket(self) -> Path:
        """The folder of the Unix socket; elsewhere when the path is too long or would need quoting."""
        socket = self.base / "socket"
        path = str(socket / f".s.PGSQL.{PORT}")
        if len(path.encode()) < SOCKET_PATH_LIMIT and re.fullmatch(r"[\w/.@+-]+", path, re.ASCII):
            return socket
        return Path("/tmp") / f"sluice-{self.uid}-{self.name}"  # noqa: S108 - checked in `own_folder`

    @property
    def uid(self) -> int:
        return self.account.pw_uid if self.account else os.geteuid()

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection of the superuser, who still gets in when every ordinary place is taken."""
        return psycopg.connect(
            host=str(self.socket),
            port=PORT,
            user=SUPERUSER,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def answers(self) -> bool:
        """Whether it takes connections, waiting while it says that it is starting or shutting down."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                self.connect().close()
                return True
            except psycopg.OperationalError as problem:
                # "No such file" and "refused" mean nobody is there; anything else was said by a server.
                if "FATAL" not in str(problem) and "timeout" not in str(problem):
                    return False
                if time.monotonic() > deadline:
                    raise DatabaseUnavailable(
                        f"The local PostgreSQL does not get ready: {problem}"
                    ) from problem
            time.sleep(0.1)

    def start(self) -> None:
        """Start it, making the cluster first where there is none. Raises DatabaseUnavailable."""
        programs = self.programs()
        data = self.cluster(programs)
        log = data.parent / "server.log"
        self.own_folder(self.socket)
        for _ in range(ATTEMPTS):
            self.clear_stale(data)
            flags: list[str | Path] = ["-s", "-w", "-t", str(START_S), "-D", data, "-l", log]
            self.run([programs / "pg_ctl", "start", *flags, "-o", self.options()], check=False)
            if self.answers():
                return
            time.sleep(1)  # children of a killed server hold its memory for a moment
        said = (
            "".join(log.read_text(errors="replace").splitlines(keepends=True)[-12:]) if log.exists() else ""
        )
        raise DatabaseUnavailable(
            f"{said}\nThe local PostgreSQL did not start; the lines above are from {log}."
        )

    def options(self) -> str:
        """What the server is told at every start, for the shell of pg_ctl."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.socket,
            "unix_socket_permissions": "0700",
        }
        words = [f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items()]
        return " ".join([f"-p {PORT}", *words])

    def provision(self) -> None:
        """See to the roles and the database; repeatable, so a kill in between mends itself."""
        with self.connect() as connection:
            for role, rights in RIGHTS.items():
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    create = sql.SQL("CREATE ROLE {} " + rights)
                    connection.execute(create.format(sql.Identifier(role)))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                return
            self.install_extensions()
            create = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))

    def install_extensions(self) -> None:
        """Put what only the superuser may install into the template of later databases."""
        with self.connect("template1") as connection:
            there = connection.execute(
                "SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [list(EXTENSIONS)]
            ).fetchall()
            for (name,) in there:
                connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop it: connections are ended, what was committed stays."""
        running = self.postmaster()
        if running is None:
            return
        pid, data = running
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + START_S
        while is_postmaster(pid, data) and time.monotonic() < deadline:
            time.sleep(0.02)

    def postmaster(self) -> tuple[int, Path] | None:
        """The process and the data folder of the server on our socket, if it lives."""
        try:
            pid, data = (self.socket / f".s.PGSQL.{PORT}.lock").read_text().splitlines()[:2]
        except (OSError, ValueError):
            return None
        return (int(pid), Path(data)) if is_postmaster(int(pid), Path(data)) else None

    def clear_stale(self, data: Path) -> None:
        """Remove the lock files of a server that is gone; its number may be a zombie's or a stranger's."""
        for path in (data / "postmaster.pid", self.socket / f".s.PGSQL.{PORT}.lock"):
            try:
                pid = int(path.read_text().splitlines()[0])
            except (OSError, ValueError, IndexError):
                pid = 0
            if not (pid and is_postmaster(pid, data)):
                path.unlink(missing_ok=True)

    def cluster(self, programs: Path) -> Path:
        """The data folder for these programs' major version, made in one move when it is new."""
        home = self.base / f"postgres-{major(programs)}"
        data = home / "data"
        self.make_base()
        self.own_folder(home)
        if self.base != self.local and not (self.local / home.name).exists():
            (self.local / home.name).symlink_to(home)
        if not data.exists():
            draft = home / "data.new"
            shutil.rmtree(draft, ignore_errors=True)
            self.own_folder(draft)
            words = ["-U", SUPERUSER, "--auth-local=trust", "--auth-host=reject", "--data-checksums"]
            self.run([programs / "initdb", "-D", draft, "--encoding=UTF8", *locale_options(), *words])
            draft.rename(data)
        return data

    def make_base(self) -> None:
        """The ground of everything below, open to the account that must pass through it."""
        if not self.base.exists():
            self.base.mkdir()
            self.base.chmod(0o755)

    def own_folder(self, path: Path) -> None:
        """A folder for the server's account alone. Raises DatabaseUnavailable if another owns it."""
        if not path.exists():
            path.mkdir(mode=0o700)
            if self.account:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)
        seen = path.lstat()
        if path.is_symlink() or seen.st_uid != self.uid or seen.st_mode & 0o077:
            raise DatabaseUnavailable(
                f"{path} belongs to another account or is open to others; remove it first."
            )

    def programs(self) -> Path:
        """The folder of the server's programs, copied to where the account can read them if need be."""
        found = find_programs()
        if self.account is None or can_enter(found, self.account):
            return found
        if found.parent.name != "pginstall":
            raise DatabaseUnavailable(
                f"{found} cannot be read by the account {self.account.pw_name}, which must run it."
            )
        return self.copy(found.parent.parent)

    def copy(self, package: Path) -> Path:
        """Copy the wheel's programs in the wheel's layout: their libraries are found relative to them."""
        self.make_base()
        target = self.base / f"programs-{version(package / 'pginstall' / 'bin')}"
        if not target.exists():
            draft = target.with_suffix(".new")
            shutil.rmtree(draft, ignore_errors=True)
            for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(part, draft / part.relative_to(package.parent), symlinks=True)
            open_for_reading(draft)
            draft.rename(target)
        return target / package.name / "pginstall" / "bin"

    def run(self, command: list[str | Path], *, check: bool = True) -> None:
        """Run a program as the account that may, without the PG* variables of whoever called us."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        who = {"user": self.uid, "group": self.account.pw_gid, "extra_groups": []} if self.account else {}
        done = subprocess.run(
            command,
            env={**environment, "LC_ALL": "C"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **who,  # type: ignore[call-overload]
        )
        if check and done.returncode:
            raise DatabaseUnavailable(f"{done.stdout}\n{command[0]} failed; its words are above.")


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether this process is the living server of this data folder, not a zombie nor a stranger."""
    try:
        if sys.platform == "linux":
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
            return state != "Z" and is_server_of(data, pid)
        asked = ["ps", "-o", "stat=,comm=", "-p", str(pid)]
        seen = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        return "postgres" in seen and not seen.startswith("Z")
    except OSError:  # gone
        return False


def is_server_of(data: Path, pid: int) -> bool:
    """Whether a Linux process works in this data folder; a container's root may see no more than its name."""
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(data)
    except PermissionError:
        return Path(f"/proc/{pid}/comm").read_text() == "postgres\n"


def locale_options() -> list[str]:
    """Sorting by bytes, letters by Unicode, whatever the machine's language is."""
    return ["--locale=C", "--lc-ctype=UTF-8"] if sys.platform == "darwin" else ["--locale=C.UTF-8"]
