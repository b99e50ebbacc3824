"""Those who use Sluice while it is broken: cameras that send until they are answered, people who label."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import requests

from config.demo.browser import Unanswered, send
from config.demo.cast import LABELERS, SLUG
from config.demo.crew import Odd, Worker
from tests.chaos.ledger import Ledger

BATCH = 20


class Camera:
    """Sends batch after batch, each until it is accepted; every third one twice, as a nervous script does."""

    def __init__(self, number: int, address: str, token: str, ledger: Ledger) -> None:
        self.number, self.ledger = number, ledger
        self.url = f"{address}/api/v1/projects/digits/streams/tags/examples"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.batches = 0

    def turn(self) -> None:
        """One batch."""
        keys = [f"camera-{self.number}-{self.batches:05}-{row:02}" for row in range(BATCH)]
        attributes = {"store": f"store-{self.number}", "distortion": "none", "batch": 1}
        rows = [{"key": key, "text": key, "attributes": attributes} for key in keys]
        self.ledger.sends(keys)
        for _ in range(2 if self.batches % 3 == 0 else 1):
            answer = send(self.session, "POST", self.url, json={"examples": rows})
            if answer.status_code == 200:
                self.ledger.accepts(answer.json()["rows"])
            else:
                self.ledger.odd.append(f"{answer.status_code} {answer.text[:200]}")
        self.batches += 1


class Person(Worker):
    """Takes a task and answers it, again and again; a page that says the task is gone is an answer too."""

    def turn(self) -> None:
        """One page."""
        page = self.look(f"/o/{SLUG}/label/digits/hard/")
        if page.data.get("data-example-key"):
            page = self.press(page, "/answer/", digit="3")
        elif page.form("/take/"):
            self.press(page, "/take/")
        time.sleep(0.05)


def people(address: str) -> list[Person]:
    """All labelers of the demo's world."""
    return [Person(address, part) for part in LABELERS]


def keep(turn: Callable[[], None], until: threading.Event, odd: list[str]) -> threading.Thread:
    """A thread that takes one turn after another until told to stop."""

    def go() -> None:
        while not until.is_set():
            try:
                turn()
            except (Unanswered, Odd, requests.RequestException) as problem:
                odd.append(f"{type(problem).__name__}: {problem}")

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    return thread
