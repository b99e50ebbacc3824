"""The outside truth: what the clients sent, and what they were promised. A file that outlives any of them."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from pathlib import Path


class Ledger:
    """Lines on disk before a batch is sent, and when it was accepted with the outcome of each key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.sent: set[str] = set()
        self.accepted: dict[str, int] = {}
        self.created: Counter[str] = Counter()
        self.odd: list[str] = []

    def note(self, **line: object) -> None:
        """One line, on disk before this returns."""
        with self.lock:
            with self.path.open("a") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def sends(self, keys: list[str]) -> None:
        """These are about to be sent."""
        self.note(sends=keys)
        self.sent.update(keys)

    def accepts(self, rows: list[dict[str, object]]) -> None:
        """The answer to a batch: key, id and outcome of each row."""
        self.note(accepts=rows)
        for row in rows:
            key, outcome = str(row["key"]), row["outcome"]
            if outcome == "rejected":
                self.odd.append(f"{key} was rejected")
                continue
            known = self.accepted.setdefault(key, int(str(row["id"])))
            if known != row["id"]:
                self.odd.append(f"{key} was first {known}, then {row['id']}")
            self.created[key] += outcome == "created"
