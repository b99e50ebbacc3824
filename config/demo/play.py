"""The choreography: batch after batch arrives, people answer what is hard, the schedule fires, the gate decides.

Every step looks at the database first and does what is still to be done, so that a play which was broken off,
or whose server or worker was killed, goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from config.demo import digits
from config.demo.crew import Crew
from config.demo.feeder import Feeder
from config.demo.table import Row, percent
from config.demo.world import HARD_BELOW, World
from config.roles import as_owner
from labeling.answers.models import Annotation
from labeling.tasks.models import Lease, SelectedBy, Task
from projects.streams.models import Example, Prediction
from slices.gates.models import Decision
from slices.gates.rounds import rounds
from slices.runs.models import Run
from slices.schedules import actions, ticking
from slices.schedules.models import Schedule
from teams.work.models import Job

LOOK_S = 0.25
STALLED_S = 180.0
FILLED = (Example, Prediction, Task, Lease, Annotation)

Say = Callable[[str], None]
T = TypeVar("T")


class Stalled(Exception):
    """Nothing moved for minutes; the message says what was waited for."""


class Play:
    """Plays rounds for as long as there are scans that have not arrived."""

    def __init__(self, world: World, feeder: Feeder, crew: Crew, *, size: int, say: Say) -> None:
        self.world, self.feeder, self.crew = world, feeder, crew
        self.size, self.say = size, say

    def play(self, more: int) -> None:
        """Finish what an earlier play left, then so many more rounds.

        Raises Stalled, or whatever a door answered that it should not have.
        """
        if not self.is_over():
            self.finish_round()
        for _round in range(more):
            if self.left():
                self.arrive()
                self.finish_round()

    def is_over(self) -> bool:
        """Whether there is nothing to play: no scan left, no task open, no label that is not in a model."""
        return not (self.left() or patiently(self.open_tasks) or patiently(self.fresh))

    def fresh(self) -> bool:
        """Whether there are labels that no model was trained on."""
        return any(self.new_labels(each) for each in (self.world.retrain, self.world.retrain_control))

    def new_labels(self, schedule: Schedule) -> int:
        """How many labels a schedule's last good run did not have."""
        schedule.refresh_from_db()
        return ticking.new_labels(schedule, actions.newest_version(schedule.slice), timezone.now())

    def rounds(self) -> list[Row]:
        """The rounds so far, as the product itself counts them."""
        return patiently(lambda: list(map(Row.of, rounds(self.world.retrain, self.world.retrain_control))))

    def left(self) -> int:
        """How many scans have not arrived yet."""
        return digits.count() - patiently(self.world.stream.examples.count)

    def arrive(self) -> None:
        """The next batch, from the cameras."""
        first, number = digits.count() - self.left(), len(self.rounds()) + 1
        last = min(first + self.size, digits.count())
        account = self.feeder.post(self.next_batch(), range(first, last))
        rule = f"below {HARD_BELOW:g} is hard" if number > 1 else "no model yet, so people answer everything"
        self.say(f"Round {number}: {account['created']} tags arrive; {rule}.")

    def next_batch(self) -> int:
        """The number of the batch after the newest; the first is 1."""
        newest = self.world.stream.examples.order_by("-n1").values_list("n1", flat=True)
        return int(patiently(newest.first) or 0) + 1

    def finish_round(self) -> None:
        """What arrived is predicted, routed, answered, trained on, decided and signed, as far as it is not."""
        if not patiently(self.world.stream.examples.exists):
            return
        self.hold_schedules()
        if self.rounds():
            self.wait("predictions of what arrived", self.predicted)
        self.wait("the jobs that open tasks", self.quiet)
        self.crew.draw(self.spent())
        patiently(learn_sizes)
        self.answer()
        patiently(learn_sizes)
        self.wait("the runs of both schedules", self.trained)
        self.wait("the gate's decision", self.quiet)
        self.sign()

    def hold_schedules(self) -> None:
        """While people answer a batch nothing is trained on half of it."""
        for schedule in (self.world.retrain, self.world.retrain_control):
            patiently(partial(self.steer, schedule, fire=False))

    def release_schedules(self) -> None:
        """After the play they follow their own rhythm."""
        for schedule in (self.world.retrain, self.world.retrain_control):
            patiently(partial(self.steer, schedule, fire=True))

    def predicted(self) -> bool:
        """Whether the pipeline has said something of every example."""
        return not self.world.stream.examples.filter(confidence=None).exists()

    def quiet(self) -> bool:
        """Whether nothing is under way: no job, no run. What causes them is in the same transactions."""
        jobs = self.world.organization.jobs.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
        runs = self.world.organization.runs.exclude(state__in=Run.ENDED)
        return not (jobs.exists() or runs.exists())

    def spent(self) -> int:
        """How many labels the choice costs: tasks that the rule opened, in training buckets all of them."""
        return patiently(self.world.hard.tasks.filter(selected_by=SelectedBy.RULE).count)

    def answer(self) -> None:
        """The labelers work until nothing is open."""
        began = time.monotonic()
        while tasks := patiently(self.open_tasks):
            self.say(f"{tasks} tasks are open: {self.kinds_of_tasks()}.")
            self.crew.work(lambda: self.say(f"  {patiently(self.open_tasks)} to go"))
            self.say(f"All answered after {time.monotonic() - began:.0f} s.")

    def open_tasks(self) -> int:
        """How many tasks wait for an answer, in both queues."""
        return self.world.organization.tasks.filter(state=Task.State.OPEN).count()

    def kinds_of_tasks(self) -> str:
        """The open tasks by why they were drawn."""
        count = self.world.hard.tasks.filter(state=Task.State.OPEN)
        rule = patiently(count.filter(selected_by=SelectedBy.RULE).count)
        lot = patiently(count.filter(selected_by=SelectedBy.RANDOM).count)
        control = patiently(self.world.control.tasks.filter(state=Task.State.OPEN).count)
        return f"{rule} by the rule, {lot} audits by lot, {control} for the control model"

    def trained(self) -> bool:
        """Whether both schedules have had a good run with every label there is; until then they may fire."""
        done = [self.up_to_date(each) for each in (self.world.retrain, self.world.retrain_control)]
        return all(done)

    def up_to_date(self, schedule: Schedule) -> bool:
        """Whether a schedule's last good run had every label; it is let fire while there is none under way."""
        fresh = self.new_labels(schedule) > 0
        under_way = bool(ticking.busy([schedule.pk]))
        self.steer(schedule, fire=fresh and not under_way)
        return not fresh and not under_way

    def steer(self, schedule: Schedule, *, fire: bool) -> None:
        """Have a schedule follow its rhythm, or stand still."""
        schedule.refresh_from_db()
        if fire != (schedule.state == Schedule.State.ACTIVE):
            self.crew.steer(schedule.pk, fire=fire)

    def sign(self) -> None:
        """Say what came out; where it is a pass, the manager signs production on the decision's page."""
        rows, decision = self.rounds(), patiently(self.newest_decision)
        if decision is None or not rows:
            return
        row = rows[-1]
        self.say(
            f"{row.labels} labels: {percent(row.accuracy)} held out; as many by lot: "
            f"{percent(row.accuracy_random_labels)}; the gate says {decision.outcome}."
        )
        if decision.outcome == Decision.Outcome.PASS and not patiently(decision.sign_offs.exists):
            self.say(self.crew.sign(decision.gate.placement.slug, decision.pk))

    def newest_decision(self) -> Decision | None:
        """The last word on the newest model."""
        decisions = self.world.organization.decisions.select_related("gate__placement")
        return decisions.order_by("-model_version_id", "-id").first()

    def wait(self, what: str, done: Callable[[], bool]) -> None:
        """Until it is done. Raises Stalled after three minutes."""
        deadline = time.monotonic() + STALLED_S
        while not patiently(done):
            if time.monotonic() > deadline:
                raise Stalled(f"Nothing came of waiting {STALLED_S:.0f} s for {what}.")
            time.sleep(LOOK_S)


def patiently(ask: Callable[[], T]) -> T:
    """The answer of the database; one that is being started again is waited for, for a minute."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except (OperationalError, InterfaceError):
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.5)


def learn_sizes() -> None:
    """Have PostgreSQL count its tables: its own look, once a minute, comes late for tables filled in seconds.

    Only their owner may ask for it.
    """
    tables = ", ".join(model._meta.db_table for model in FILLED)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")
