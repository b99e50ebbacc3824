"""Runs named child processes and keeps them running; nothing that it started outlives it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.ports import check_port

ROOT = Path(__file__).resolve().parent.parent
LEASH = ROOT / "config" / "leash.py"
LOGS = ROOT / ".local" / "log"
LOG_LIMIT = 10_000_000  # bytes of one log; the one before it is kept as .1
START_UP_S = 30.0  # how long a process may take to its first sign of life
LOOK_S = 0.1
WATCH_S = 1.0
CHORES_S = 5.0
STEADY_S = 60.0  # who ran as long as this is restarted at once
LONGEST_DELAY_S = 30.0

Beat = Callable[[], float | None]


@dataclass(frozen=True, kw_only=True)
class Process:
    """What to run. `beat` answers the seconds since its last sign of life, None while there was none;
    past `limit` seconds of silence it is killed with all its children and started again."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    beat: Beat | None = None
    limit: float = 20.0
    grace: float = 10.0


class Child:
    """One process of the supervisor and its restarts; its group is all that it has forked."""

    def __init__(self, process: Process, supervisor: "Supervisor") -> None:
        self.process = process
        self.supervisor = supervisor
        self.running: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.failures = 0
        self.start_at = 0.0
        self.started_at = 0.0
        self.watched_since = 0.0
        self.hung = False
        self.readable = True

    def look(self) -> None:
        """One glance: start what should run, bury what ended, end what hangs."""
        now = time.monotonic()
        if self.running is None:
            if now >= self.start_at:
                self.start(now)
        elif self.running.poll() is not None:
            self.bury(now, f"ended with code {self.running.returncode}")
        elif self.hung:
            self.kill()
            self.bury(now, f"gave no sign of life for {self.process.limit:.0f} s and was killed")

    def start(self, now: float) -> None:
        """Start it in a process group of its own, to be ended with us."""
        leash = [sys.executable, "-I", "-S", str(LEASH), "become", str(os.getpid())]
        self.running = subprocess.Popen(
            [*leash, *self.process.command],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.process.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        self.started_at = self.watched_since = now
        self.hung = False
        self.supervisor.will(f"+{self.running.pid}")
        threading.Thread(target=self.read, args=[self.running], daemon=True).start()

    def bury(self, now: float, how: str) -> None:
        """End what is left of its group (orphans work on unguarded) and say when it is started again."""
        assert self.running is not None
        self.kill()
        self.running.wait()
        self.supervisor.will(f"-{self.running.pid}")
        self.running = None
        self.failures = 0 if now - self.started_at > STEADY_S else self.failures + 1
        delay = min(LONGEST_DELAY_S, 0.5 * 2**self.failures) if self.failures else 0.0
        self.start_at = now + delay
        if not self.supervisor.stopping.is_set():
            self.restarts += 1
            self.supervisor.say(self.process.name, f"{how}; it starts again in {delay:.0f} s.")

    def terminate(self) -> None:
        """Ask it to end: the leader alone, who tells its children when they have finished what they do."""
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.running.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once."""
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.running.pid, signal.SIGKILL)

    def listen(self) -> None:
        """Compare its last sign of life with the limit. An unreadable one excuses it for a while."""
        running, beat = self.running, self.process.beat
        if beat is None or running is None:
            return
        try:
            age = beat()
        except Exception as problem:
            self.excuse(problem)
            return
        self.readable = True
        if self.running is running:  # and not a later start, which has a silence of its own
            self.hung = self.silence(age) > self.process.limit

    def excuse(self, problem: Exception) -> None:
        """Watch it anew from here, and say once why."""
        self.watched_since = time.monotonic()
        if self.readable:
            self.supervisor.say(self.process.name, f"its sign of life cannot be read: {first_line(problem)}")
        self.readable = False

    def silence(self, age: float | None) -> float:
        """Seconds of silence; a sign from before this start does not count, and a start takes its time."""
        watched = time.monotonic() - self.watched_since
        return age if age is not None and age <= watched else watched - START_UP_S

    def read(self, running: subprocess.Popen[bytes]) -> None:
        """Carry its lines to its log and to whoever looks on."""
        assert running.stdout is not None
        with open_log(self.supervisor.logs, self.process.name) as log, running.stdout as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip()
                log.write(f"{text}\n")
                self.supervisor.say(self.process.name, text)


class Supervisor:
    """Keeps processes running until `stop`; a context manager, so that leaving the block stops them.

    `chores` are called every few seconds beside them; `echo` gets every line, name first.
    """

    def __init__(
        self,
        processes: Iterable[Process],
        *,
        chores: Sequence[Callable[[], None]] = (),
        echo: Callable[[str], None] | None = print,
        logs: Path = LOGS,
    ) -> None:
        self.children = {process.name: Child(process, self) for process in processes}
        self.chores = chores
        self.echo = echo
        self.logs = logs
        self.stopping = threading.Event()
        self.hurry = threading.Event()
        self.problem: Exception | None = None
        self.undertaker: subprocess.Popen[bytes] | None = None
        self.keeper = threading.Thread(target=self.keep, name="keeper", daemon=True)
        self.watcher = threading.Thread(target=self.watch, name="watcher", daemon=True)

    def __enter__(self) -> "Supervisor":
        self.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return. Raises PortInUse before anything has started."""
        for child in self.children.values():
            if child.process.port is not None:
                check_port(child.process.port)
        self.logs.mkdir(parents=True, exist_ok=True)
        grace = max((child.process.grace for child in self.children.values()), default=0.0)
        self.undertaker = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), "undertake", str(grace)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.keeper.start()
        self.watcher.start()

    def wait(self) -> None:
        """Return when somebody calls `stop`; signals interrupt the wait by their exceptions."""
        self.stopping.wait()
        if self.problem is not None:
            raise self.problem

    def stop(self) -> None:
        """End everything: asked first, killed after its grace or at a second Ctrl-C; then return."""
        self.stopping.set()
        while self.keeper.is_alive():
            try:
                self.keeper.join()
            except KeyboardInterrupt:
                self.hurry.set()
        if self.undertaker is not None and self.undertaker.stdin is not None:
            self.undertaker.stdin.close()
            self.undertaker.wait()

    def restarts(self) -> dict[str, int]:
        """How often each process was started again."""
        return {name: child.restarts for name, child in self.children.items()}

    def pid(self, name: str) -> int | None:
        """The process id of one, while it runs."""
        running = self.children[name].running
        return running.pid if running else None

    def say(self, name: str, text: str) -> None:
        """One line for whoever looks on."""
        if self.echo is not None:
            with contextlib.suppress(OSError, ValueError):  # nobody looks on any more
                self.echo(f"{name:<7}| {text}")

    def will(self, line: str) -> None:
        """Tell the undertaker about a process group that has begun (+) or is gone (-)."""
        if self.undertaker is not None and self.undertaker.stdin is not None:
            with contextlib.suppress(OSError):
                self.undertaker.stdin.write(f"{line}\n".encode())
                self.undertaker.stdin.flush()

    def keep(self) -> None:
        """The thread that starts and buries; Linux ends children with the thread that started them."""
        try:
            while not self.stopping.wait(LOOK_S):
                for child in self.children.values():
                    child.look()
        except Exception as problem:
            self.problem = problem  # `wait` raises it
        self.stopping.set()
        self.end_all()

    def end_all(self) -> None:
        """Ask all at once, then end each when its grace is over."""
        began = time.monotonic()
        for child in self.children.values():
            child.terminate()
        while left := [child for child in self.children.values() if child.running is not None]:
            for child in left:
                assert child.running is not None
                over = self.hurry.is_set() or time.monotonic() - began > child.process.grace
                if over or child.running.poll() is not None:
                    child.bury(time.monotonic(), "stopped")
            time.sleep(LOOK_S / 5)

    def watch(self) -> None:
        """The thread that listens for signs of life and does the chores; it may wait for a database."""
        chores_at = time.monotonic() + CHORES_S
        while not self.stopping.wait(WATCH_S):
            for child in self.children.values():
                child.listen()
            if time.monotonic() >= chores_at:
                self.do_chores()
                chores_at = time.monotonic() + CHORES_S

    def do_chores(self) -> None:
        """What must be seen to beside the processes; a chore that fails is tried again."""
        for chore in self.chores:
            try:
                chore()
            except Exception as problem:
                self.say("chore", first_line(problem))


def open_log(folder: Path, name: str) -> IO[str]:
    """The log of a process, the older part put aside when it has grown."""
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("a", buffering=1)


def first_line(problem: Exception) -> str:
    """An error in one line."""
    return f"{type(problem).__name__}: {problem}".splitlines()[0]
