"""The supervisor: everything runs, what dies or falls silent is started again, nothing is left behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from config.ports import PortInUse
from config.supervisor import START_UP_S, Child, Process, Supervisor

FOREVER = ("sh", "-c", "sleep 1000")
# A leader that ends when asked, and a child of its own that does not notice.
FAMILY = ("sh", "-c", "trap 'exit 0' TERM; sleep 1000 & echo $!; wait")
DEAF = ("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done")
CHATTY = ("sh", "-c", "echo one; echo two >&2; exit 0")


class Lines(list[str]):
    """What the supervisor shows, to be waited for."""

    def wait_for(self, start: str, count: int = 1) -> list[str]:
        eventually(lambda: len(self.like(start)) >= count)
        return self.like(start)

    def like(self, start: str) -> list[str]:
        return [line for line in self if line.startswith(start)]


def eventually(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] != "Z"
    except OSError:
        return False


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_a_process_that_ends_is_started_again_whatever_its_code(lines: Lines, tmp_path: Path) -> None:
    process = Process(name="chatty", command=CHATTY)
    with Supervisor([process], echo=lines.append, logs=tmp_path) as supervisor:
        lines.wait_for("chatty | one", 2)
        lines.wait_for("chatty | two", 2)
        assert supervisor.restarts()["chatty"] >= 1
    assert lines.like("chatty | ended")[0] == "chatty | ended with code 0; it starts again in 1 s."
    assert (tmp_path / "chatty.log").read_text().splitlines()[:2] == ["one", "two"]


def test_a_process_that_keeps_ending_waits_longer_each_time(tmp_path: Path) -> None:
    supervisor = Supervisor([Process(name="x", command=["true"])], echo=None, logs=tmp_path)
    child = supervisor.children["x"]
    delays = []
    for now in (100.0, 110.0, 120.0, 130.0):
        child.start(now)
        child.bury(now + 1, "ended")
        delays.append(child.start_at - now - 1)
    child.start(200.0)
    child.bury(300.0, "ended")
    assert [*delays, child.start_at - 300.0] == [1.0, 2.0, 4.0, 8.0, 0.0]


def test_stopping_ends_the_whole_family(lines: Lines, tmp_path: Path) -> None:
    with Supervisor([Process(name="family", command=FAMILY)], echo=lines.append, logs=tmp_path) as supervisor:
        grandchild = int(lines.wait_for("family | ")[0].split()[-1])
        leader = supervisor.pid("family")
        assert leader is not None
        assert (alive(leader), alive(grandchild)) == (True, True)
    assert (alive(leader), alive(grandchild)) == (False, False)


def test_a_dead_leader_takes_its_orphans_along(lines: Lines, tmp_path: Path) -> None:
    with Supervisor([Process(name="family", command=FAMILY)], echo=lines.append, logs=tmp_path) as supervisor:
        orphan = int(lines.wait_for("family | ")[0].split()[-1])
        leader = supervisor.pid("family")
        assert leader is not None
        os.kill(leader, signal.SIGKILL)
        lines.wait_for("family | ended with code -9")
        eventually(lambda: not alive(orphan))


def test_one_that_does_not_listen_is_killed_after_its_grace(lines: Lines, tmp_path: Path) -> None:
    process = Process(name="deaf", command=DEAF, grace=0.3)
    with Supervisor([process], echo=lines.append, logs=tmp_path) as supervisor:
        lines.wait_for("deaf   | deaf")
        leader = supervisor.pid("deaf")
        assert leader is not None
    assert not alive(leader)


def test_one_that_falls_silent_is_killed_and_started_again(lines: Lines, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    once = tmp_path / "once"
    # The first time it gives one sign of life and hangs; after that it is well.
    hangs = f"touch {sign}; echo pid $$; if mkdir {once}; then sleep 1000; fi"
    command = ["sh", "-c", f"{hangs}; while :; do touch {sign}; sleep 0.1; done"]

    def age() -> float | None:
        return time.time() - sign.stat().st_mtime if sign.exists() else None

    process = Process(name="silent", command=command, beat=age, limit=2)
    with Supervisor([process], echo=lines.append, logs=tmp_path) as supervisor:
        lines.wait_for("silent | gave no sign of life")
        first, second = (int(line.split()[-1]) for line in lines.wait_for("silent | pid", 2)[:2])
        assert not alive(first)
        assert supervisor.restarts() == {"silent": 1}
        assert alive(second)


@pytest.mark.parametrize(
    ("running_for", "age", "silence"),
    [
        (100.0, 3.0, 3.0),
        (5.0, None, 5.0 - START_UP_S),  # it has not begun yet
        (5.0, 900.0, 5.0 - START_UP_S),  # that was an earlier one
        (100.0, None, 100.0 - START_UP_S),  # it never will
    ],
)
def test_silence_is_counted_from_its_own_start(
    tmp_path: Path, running_for: float, age: float | None, silence: float
) -> None:
    process = Process(name="x", command=FOREVER)
    child = Child(process, Supervisor([process], logs=tmp_path))
    child.watched_since = time.monotonic() - running_for
    assert child.silence(age) == pytest.approx(silence, abs=1)


def test_a_sign_of_life_that_cannot_be_read_is_no_reason_to_kill(lines: Lines, tmp_path: Path) -> None:
    def age() -> float | None:
        raise ConnectionError("the database is away")

    process = Process(name="worker", command=FOREVER, beat=age, limit=0.1)
    with Supervisor([process], echo=lines.append, logs=tmp_path) as supervisor:
        told = lines.wait_for("worker | its sign of life cannot be read")
        time.sleep(1.5)
        assert supervisor.restarts() == {"worker": 0}
        assert told == ["worker | its sign of life cannot be read: ConnectionError: the database is away"]


def test_a_taken_port_is_said_before_anything_starts(lines: Lines, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with socket.socket() as landlord:
        landlord.bind(("127.0.0.1", 0))
        landlord.listen()
        port = landlord.getsockname()[1]
        processes = [
            Process(name="other", command=["touch", str(started)]),
            Process(name="web", command=FOREVER, port=port),
        ]
        with pytest.raises(PortInUse, match=f"Port {port} is in use"):
            Supervisor(processes, echo=lines.append, logs=tmp_path).start()
    assert not started.exists()


def test_a_killed_supervisor_leaves_nobody_behind(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from config.supervisor import Process, Supervisor
with Supervisor([Process(name="family", command={FAMILY!r}, grace=0.5)], logs=Path({str(tmp_path)!r})) as it:
    it.wait()
"""
    supervisor = subprocess.Popen(
        [sys.executable, "-uc", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    grandchild = int(supervisor.stdout.readline().split()[-1])
    leader = os.getpgid(grandchild)
    assert alive(leader)
    supervisor.kill()
    supervisor.communicate()
    eventually(lambda: not alive(leader))
    eventually(lambda: not alive(grandchild))


def test_waiting_ends_when_another_thread_stops_it(lines: Lines, tmp_path: Path) -> None:
    supervisor = Supervisor([Process(name="x", command=FOREVER)], echo=lines.append, logs=tmp_path)
    supervisor.start()
    threading.Timer(0.3, supervisor.stop).start()
    supervisor.wait()
    supervisor.stop()
    assert supervisor.pid("x") is None
