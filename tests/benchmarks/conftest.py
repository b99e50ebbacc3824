"""Shows the README's table after a run."""

from typing import Any

from tests.recorder import BENCHMARKS, read, table


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """All that was measured on this machine, this time or earlier."""
    terminalreporter.write_line("\n" + table(read(BENCHMARKS)))
