"""The simulated people at work: labelers who answer, a manager who holds schedules and signs.

They use the pages that a person uses. The labelers answer with the data set's own labels, found by the key on
the page, and make no mistakes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import requests

from config.demo.browser import Browser, Form, Page, send
from config.demo.cast import LABELERS, MANAGER, PASSWORD, SLUG, Part
from config.demo.digits import true_label

PROJECT = f"/o/{SLUG}/projects/digits"
QUEUES = ("hard", "control")
EVERY_S = 15.0
REASON = "Simulated signature: every clause passed, and I have read them."


class Odd(Exception):
    """A page is not what a person would expect; the message says which and how."""


class Worker:
    """One person of the play, signed in when they are first needed."""

    def __init__(self, address: str, part: Part) -> None:
        self.part = part
        self.browser = Browser(address)
        self.here = False

    def look(self, path: str) -> Page:
        """A page, as this person sees it."""
        if not self.here:
            self.browser.sign_in(self.part.email, PASSWORD)
            self.here = True
        page = self.browser.look(path)
        if page.status != 200:
            raise Odd(f"{self.part.email} got {page.status} at {path}.")
        return page

    def press(self, page: Page, action: str, **fields: str) -> Page:
        """Send the form of a page whose address ends so."""
        form = page.form(action)
        if form is None:
            raise Odd(f"{self.part.email} finds no form “{action}” at {page.url}.")
        return self.send(form, **fields)

    def send(self, form: Form, **fields: str) -> Page:
        """Send a form; one lands on a page."""
        page = self.browser.submit(form, **fields)
        if page.status >= 400:
            raise Odd(f"{self.part.email} got {page.status} from {form.action}: {page.text[:300]}")
        return page


class Labeler(Worker):
    """Takes tasks and answers them until none is left."""

    def work(self) -> int:
        """Empty every queue; how many answers that took."""
        return sum(self.empty(queue) for queue in QUEUES)

    def empty(self, queue: str) -> int:
        """Answer what one queue has for this person; how much it was."""
        answers = 0
        page = self.look(f"/o/{SLUG}/label/digits/{queue}/")
        while True:
            key = page.data.get("data-example-key")
            if key:
                page = self.press(page, "/answer/", digit=true_label(key))
                answers += 1
            elif "data-empty" in page.data:
                return answers
            else:
                page = self.press(page, "/take/")


class Crew:
    """Everybody, behind one address."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.labelers = [Labeler(address, part) for part in LABELERS]
        self.manager = Worker(address, MANAGER)
        self.machine = requests.Session()
        self.machine.headers["Authorization"] = f"Bearer {token}"

    def work(self, meanwhile: Callable[[], None]) -> None:
        """All labelers at once, until nothing waits; `meanwhile` is called every quarter of a minute.

        Raises what went wrong for one of them.
        """
        problems: list[Exception] = []
        threads = [
            threading.Thread(target=attempt, args=[labeler, problems], daemon=True)
            for labeler in self.labelers
        ]
        for thread in threads:
            thread.start()
        next_word = time.monotonic() + EVERY_S
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.1)
            if time.monotonic() > next_word:
                meanwhile()
                next_word += EVERY_S
        if problems:
            raise problems[0]

    def draw(self, total: int) -> None:
        """Have the control queue draw by lot until it has had as many tasks as the choice spent."""
        url = f"{self.address}/api/v1/projects/digits/queues/control/draw"
        answer = send(self.machine, "POST", url, json={"total": total})
        if answer.status_code != 200:
            raise Odd(f"The control queue did not draw: {answer.status_code} {answer.text[:300]}")

    def steer(self, schedule: int, *, fire: bool) -> None:
        """The manager resumes or pauses a schedule on its page."""
        page = self.manager.look(f"{PROJECT}/schedules/{schedule}/")
        self.manager.press(page, "/resume/" if fire else "/pause/")

    def sign(self, placement: str, decision: int) -> str:
        """The manager signs production under a decision where its page offers it; what came of it."""
        path = f"{PROJECT}/placements/{placement}/decisions/{decision}/"
        page = self.manager.look(path)
        if page.form("/sign/") is None:
            return "There is nothing for the manager to sign."
        self.manager.press(page, "/sign/", stage="production", reason=REASON)
        return "The manager signs it into production."


def attempt(labeler: Labeler, problems: list[Exception]) -> None:
    """One labeler's thread."""
    try:
        labeler.work()
    except Exception as problem:  # raised again by whoever started the thread
        problems.append(problem)
