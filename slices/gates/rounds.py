"""What each round of a schedule came to, beside another schedule that spends as many labels drawn by lot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, DateTimeField, F, Func, IntegerField, QuerySet, Value, Window
from django.db.models.functions import RowNumber

from slices.gates.models import Decision
from slices.gates.promotion import highest
from slices.placements.models import Stage
from slices.runs.models import Evaluation, Run
from slices.schedules.models import Schedule, Tick
from teams.desk.numbers import number, signed

MOST = 500  # rounds: the newest


@dataclass(frozen=True, slots=True)
class Round:
    """One tick that fired and whose run succeeded. Accuracies are shares of 1; None: not known.

    `accuracy_random_labels` is what the other schedule's model of the same round scored, on the same
    evaluation snapshot if it was evaluated there, else on its own.
    """

    round: int
    at: datetime
    run: int
    model: str
    examples: int
    labels: int
    snapshot_sha256: str
    accuracy: float | None
    evaluated: int | None
    random_labels: int | None
    accuracy_random_labels: float | None
    gate: str | None
    decision: int | None
    placement: str | None
    stage: str | None

    @property
    def gain(self) -> float | None:
        """How much better the choice did than chance; None where one of them is not known."""
        if self.accuracy is None or self.accuracy_random_labels is None:
            return None
        return self.accuracy - self.accuracy_random_labels

    @property
    def points(self) -> str:
        """The gain in points of a percentage, as people read it."""
        return signed(None if self.gain is None else self.gain * 100, 1)

    @property
    def percent(self) -> str:
        """The accuracy without its sign."""
        return number(None if self.accuracy is None else self.accuracy * 100, 1)

    @property
    def chance_better(self) -> bool:
        """Whether labels drawn by lot would have been the better spent ones."""
        return self.gain is not None and self.gain < 0


class Turn(NamedTuple):
    """A tick that came to a model, and the how manieth of its schedule it was."""

    number: int
    tick: Tick
    run: Run


class Known(NamedTuple):
    """What is known of the models of some rounds, each asked for in one query."""

    scores: dict[tuple[int, int], Evaluation]
    decisions: dict[int, Decision]
    stages: dict[int, str]


def rounds(schedule: Schedule, beside: Schedule | None = None) -> list[Round]:
    """The newest 500 rounds, oldest first, numbered from 1; six queries however many there are."""
    own = turns(numbered(schedule).order_by("-number")[:MOST])[::-1]
    if not own:
        return []
    first, last = own[0].number, own[-1].number
    same = [] if beside is None else turns(numbered(beside).filter(number__gte=first, number__lte=last))
    others = {turn.number: turn.run for turn in same}
    known = what_is_known(schedule, [turn.run for turn in own] + list(others.values()))
    seen = examples_until(schedule, [turn.run.as_of for turn in own])
    return [row(turn, others.get(turn.number), n, known) for turn, n in zip(own, seen, strict=True)]


def turns(ticks: QuerySet[Any]) -> list[Turn]:
    """Numbered ticks with their runs."""
    return [Turn(tick.number, tick, tick.run) for tick in ticks]


def numbered(schedule: Schedule) -> QuerySet[Any]:
    """The ticks of a schedule whose runs succeeded, with `number`: which round it was."""
    ticks = schedule.organization.ticks.filter(
        schedule=schedule, run__state=Run.State.SUCCEEDED, run__model_version__isnull=False
    )
    number = Window(RowNumber(), order_by=["scheduled_for", "id"])
    return ticks.annotate(number=number).select_related("run__snapshot", "run__model_version")


def what_is_known(schedule: Schedule, runs: Sequence[Run]) -> Known:
    """Scores by model and snapshot, the last decision on each model, how far each came."""
    organization = schedule.organization
    models = [run.model_version_id for run in runs]
    snapshots = {run.eval_snapshot_id for run in runs}
    scores = organization.evaluations.filter(model_version__in=models, snapshot__in=snapshots)
    decisions = (
        organization.decisions.filter(model_version__in=models)
        .select_related("gate__placement")
        .defer("clauses")
    )
    stages: defaultdict[int | None, list[str]] = defaultdict(list)
    for model, stage in organization.stage_moves.filter(model_version__in=models).values_list(
        "model_version_id", "stage"
    ):
        stages[model].append(stage)
    return Known(
        {(score.model_version_id, score.snapshot_id): score for score in scores},
        {
            row.model_version_id: row
            for row in decisions.order_by("model_version_id", "-id").distinct("model_version_id")
        },
        {model: highest(reached) for model, reached in stages.items() if model is not None},
    )


def examples_until(schedule: Schedule, moments: Sequence[datetime]) -> list[int]:
    """How many examples the stream had before each moment (ascending): one scan, sorted into buckets."""
    bucket = Func(
        F("ingested_at"),
        Value(list(moments), output_field=ArrayField(DateTimeField())),
        function="width_bucket",
        output_field=IntegerField(),
    )
    examples = schedule.organization.examples.filter(stream=schedule.slice.stream_id)
    counts = dict(examples.annotate(moment=bucket).values_list("moment").annotate(n=Count("pk")))
    return list(accumulate(counts.get(i, 0) for i in range(len(moments))))


def row(turn: Turn, other: Run | None, seen: int, known: Known) -> Round:
    """One line."""
    run = turn.run
    assert run.model_version is not None and run.snapshot is not None  # noqa: PT018
    model = run.model_version
    score = score_of(run, run.eval_snapshot_id, known)
    beside = None
    if other is not None:
        beside = score_of(other, run.eval_snapshot_id, known) or score_of(
            other, other.eval_snapshot_id, known
        )
    decision = known.decisions.get(model.pk)
    return Round(
        round=turn.number,
        at=turn.tick.scheduled_for,
        run=run.pk,
        model=str(model),
        examples=seen,
        labels=run.snapshot.n_total,
        snapshot_sha256=run.snapshot.manifest_sha256,
        accuracy=share(score),
        evaluated=score.n if score else None,
        random_labels=other.snapshot.n_total if other and other.snapshot else None,
        accuracy_random_labels=share(beside),
        gate=decision.outcome if decision else None,
        decision=decision.pk if decision else None,
        placement=decision.gate.placement.slug if decision else None,
        stage=known.stages.get(model.pk) or Stage.REGISTERED,
    )


def score_of(run: Run, snapshot_id: int | None, known: Known) -> Evaluation | None:
    """What the model of a run scored on a snapshot."""
    if run.model_version_id is None or snapshot_id is None:
        return None
    return known.scores.get((run.model_version_id, snapshot_id))


def share(score: Evaluation | None) -> float | None:
    """The accuracy of an evaluation."""
    return score.correct / score.n if score and score.n else None
