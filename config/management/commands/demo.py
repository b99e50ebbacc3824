"""`manage.py demo`: the whole loop on real data, from nothing; then Sluice goes on serving until Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.urls import reverse

from config.bootstrap import ROOT
from config.database import revive
from config.demo import words
from config.demo.browser import Unanswered, send
from config.demo.cast import NotOurs
from config.demo.crew import Crew, Odd
from config.demo.feeder import Feeder, Rejected
from config.demo.play import Play, Stalled
from config.demo.table import write_json
from config.demo.world import MAIN, World, ensure_world
from config.ports import PortInUse, check_port
from config.processes import processes
from config.supervisor import Process, Supervisor

CADENCE_S = 1  # the fastest a schedule may fire here; elsewhere it is a quarter of an hour
ROUNDS, SIZE = 6, 240  # in one play, and tags in a batch; what is left is for the next start
BACK = timedelta(days=7)  # when the first picture was taken, before the world was made
PIPELINE = ROOT / "config" / "demo" / "pipeline.py"
# The pipeline is a stranger's script: it gets an address and a token, and none of our own settings.
HIDDEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "DJANGO_SETTINGS_MODULE", "SLUICE_SECRET_KEY", "PYTHONPATH")


class Command(BaseCommand):
    """Make the demo's world, run every process and the pipeline, and play."""

    help = "Play the whole loop on real data, then serve until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the web server, on 127.0.0.1")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--play-only", action="store_true", help="end after the play")
        how.add_argument("--no-play", action="store_true", help="only serve")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the rounds there as JSON")
        parser.add_argument(
            "--rounds", type=positive, default=ROUNDS, help="at most so many in this play (%(default)s)"
        )
        parser.add_argument("--size", type=positive, default=SIZE, help="tags in a batch (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; whatever way it ends, every process that was started is stopped."""
        try:
            self.prepare(options["port"])
            self.run(**options)
        except (PortInUse, NotOurs, Stalled, Rejected, Unanswered, Odd) as problem:
            raise CommandError(str(problem)) from problem
        except KeyboardInterrupt:
            say("\nStopped.")

    def prepare(self, port: int) -> None:
        """What must be settled before the first process starts."""
        if settings.PRODUCTION:
            raise CommandError(
                "The demo makes accounts whose password everybody knows; it never runs in production."
            )
        check_port(port)
        os.environ["SLUICE_MINIMUM_CADENCE_S"] = str(CADENCE_S)  # for the processes
        settings.SLUICE_MINIMUM_CADENCE_S = CADENCE_S  # and for ourselves, who make the schedules
        say("Sluice demo: real digits, simulated stores and people.\n")
        say("Preparing the database ...")
        call_command("migrate", interactive=False, verbosity=0)

    def run(self, *, port: int, play_only: bool, no_play: bool, **options: Any) -> None:
        """The processes, and what happens while they run."""
        folder = demo_folder()
        world = ensure_world(folder)
        connections.close_all()
        address = f"http://127.0.0.1:{port}"
        everything = [*processes(port), pipeline(world, address, folder)]
        with Supervisor(everything, chores=[revive], echo=restarts_only, logs=folder / "log") as supervisor:
            self.welcome(world, address, folder)
            if not no_play:
                self.play(world, address, folder, **options)
            if not play_only:
                say(f"\nSluice goes on serving at {address}/ and Ctrl-C stops it.")
                supervisor.wait()

    def welcome(self, world: World, address: str, folder: Path) -> None:
        """Wait for the first page, then say where everything is."""
        send(requests.Session(), "GET", f"{address}/sign-in/")
        say(words.greeting(world, address, short(folder / "tokens.json")))
        say(f"Logs are in {short(folder / 'log')}.\n")

    def play(
        self,
        world: World,
        address: str,
        folder: Path,
        *,
        rounds: int,
        size: int,
        json: Path | None,
        **options: Any,
    ) -> None:
        """Play what is left to play, then show the table."""
        feeder = Feeder(address, world.feeder_token, began=world.project.created_at - BACK)
        play = Play(world, feeder, Crew(address, world.pipeline_token), size=size, say=stopwatch())
        with alone(folder):
            if play.is_over():
                say("The play is over: every scan has arrived, and this database has all of its rounds.")
            else:
                check_models(world, folder)
                say(f"{words.introduction()}\n")
                play.play(rounds)
            play.release_schedules()
        rows = play.rounds()
        page = f"{address}{rounds_page(world)}"
        say(f"\n{words.ending(rows, page)}")
        if json is not None:
            write_json(rows, json)


def pipeline(world: World, address: str, folder: Path) -> Process:
    """The pipeline's process; -P keeps our own modules out of its sight."""
    hidden = dict.fromkeys(HIDDEN, "")
    return Process(
        name="train",
        command=[sys.executable, "-P", str(PIPELINE), str(folder / "models")],
        environment={**hidden, "SLUICE_URL": address, "SLUICE_TOKEN": world.pipeline_token},
    )


def check_models(world: World, folder: Path) -> None:
    """A play goes on only where its pipeline has its models: nobody else can say what they would predict."""
    newest = world.project.model_versions.filter(name=MAIN).order_by("-pk").first()
    if newest is not None and not (folder / "models" / f"{newest.digest}.pickle").exists():
        raise CommandError(
            f"This database holds rounds whose models are not in {folder / 'models'}. Start from the checkout that "
            "played them, or name its folder in SLUICE_DEMO, or use an empty database; --no-play only serves."
        )


def rounds_page(world: World) -> str:
    """Where the rounds are as a page, the control beside them."""
    place = {"organization": world.organization.slug, "project": world.project.slug}
    path = reverse("rounds", kwargs={**place, "schedule": world.retrain.pk})
    return f"{path}?beside={world.retrain_control.pk}"


def demo_folder() -> Path:
    """Where tokens, models and logs of the demo are kept: SLUICE_DEMO, else .local/demo."""
    folder = Path(os.environ.get("SLUICE_DEMO") or settings.LOCAL_DIR / "demo").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One play at a time; the lock goes with the process that holds it."""
    with open(folder / "play.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("Another demo is playing; --no-play serves beside it.") from None
        yield


def restarts_only(line: str) -> None:
    """Of all that the processes say, only that one of them was started again; the rest is in their logs."""
    if "it starts again in" in line:
        say(f"          {line}")


def stopwatch() -> Callable[[str], None]:
    """Says lines with the minutes and seconds since now."""
    began = time.monotonic()

    def tell(line: str) -> None:
        passed = int(time.monotonic() - began)
        say(f"  {passed // 60}:{passed % 60:02}  {line}")

    return tell


def short(path: Path) -> str:
    """A path as seen from the checkout, where it lies below it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def say(text: str) -> None:
    """A line for the person, at once, also where nobody sits at a terminal."""
    print(text, flush=True)


def positive(text: str) -> int:
    """A whole number from 1 on, for an option."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number
