"""What the tests of the house share, and the figure of the sweep."""

from __future__ import annotations

from typing import Any

CELLS = {"tried": 0}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many pairs of route and caller the sweep tried."""
    if CELLS["tried"]:
        terminalreporter.write_line(f"cells tried: {CELLS['tried']}")
