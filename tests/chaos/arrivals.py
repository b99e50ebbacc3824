"""The run itself: cameras and people at a running Sluice that is broken again and again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from config.bootstrap import ROOT
from tests.chaos.checks import is_calm, violations
from tests.chaos.clients import Camera, keep, people
from tests.chaos.kills import Killer
from tests.chaos.ledger import Ledger
from tests.stack import ADDRESSED, Program, eventually, free_port

CAMERAS = 2
# The demo's schedules fire every few seconds; what a dead worker held comes back soon, not after a minute.
HURRY = {"SLUICE_MINIMUM_CADENCE_S": "1", "SLUICE_JOB_LIMIT_S": "12"}


@dataclass(frozen=True)
class Outcome:
    """What the clients were promised, what was broken, and what did not hold."""

    ledger: Ledger
    seconds: float
    kills: int
    violations: list[str]


def survive(database: str, folder: Path, *, seconds: float, seed: int) -> Outcome:
    """Start Sluice on an empty database, load and break it for so long, wait for calm, check."""
    port = free_port()
    own = {"SLUICE_FILES": str(folder / "files"), **HURRY}
    ledger = Ledger(folder / "ledger.jsonl")
    with Program("up", "--port", str(port), "-v", "0", database=database, environment=own) as stack:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: serves(address), stack.must_run)
        token = seed_world(database, folder)
        stop, began = threading.Event(), time.monotonic()
        clients = [Camera(number, address, token, ledger) for number in range(CAMERAS)]
        threads = [keep(client.turn, stop, ledger.odd) for client in [*clients, *people(address)]]
        killer = Killer(stack, database, seed)
        killer.run(seconds)
        stop.set()
        for thread in threads:
            thread.join(timeout=150)
        took = time.monotonic() - began
        eventually(lambda: is_calm(database), stack.must_run)
        kills = sum(killer.done.values())
        print(f"seed {seed}: {dict(killer.done)}; {len(ledger.accepted)} rows accepted")
        return Outcome(ledger, took, kills, violations(database, ledger))


def serves(address: str) -> bool:
    """Whether the first page comes."""
    try:
        return requests.get(f"{address}/sign-in/", timeout=10).status_code == 200
    except requests.RequestException:
        return False


def seed_world(database: str, folder: Path) -> str:
    """The demo's organization in this database; the token of its cameras."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.chaos.seed", str(folder)],
        cwd=ROOT,
        env={**os.environ, **ADDRESSED, "DATABASE_URL": database, **HURRY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip().splitlines()[-1]
