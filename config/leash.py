"""Two small programs that see to it that nothing outlives the supervisor; standard library alone.

`leash.py become PARENT COMMAND...` turns into the command, which gets SIGTERM when its parent dies (Linux).
`leash.py undertake GRACE` reads which process groups begin (+) and end (-), and ends what is left of them,
after GRACE seconds, when its input closes.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable

PR_SET_PDEATHSIG = 1


def become(parent: int, command: list[str]) -> None:
    """Turn into the command, tied to the life of the parent (its thread that started us, to be exact)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:
        os.execvp(command[0], command)  # noqa: S606


def undertake(lines: Iterable[str], grace: float) -> None:
    """End the groups that are left when the lines end: after a kill -9 of their parent nobody else would."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    if sys.platform != "linux":  # there the system has told the leaders already
        signal_all(groups, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(lives(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    signal_all(groups, signal.SIGKILL)


def signal_all(groups: set[int], number: signal.Signals) -> None:
    """Send a signal to every member of the groups."""
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, number)


def lives(group: int) -> bool:
    """Whether anybody is left in a process group."""
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    task, value, *rest = sys.argv[1:]
    if task == "become":
        become(int(value), rest)
    else:
        undertake(sys.stdin, float(value))
