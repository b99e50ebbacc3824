"""A small world in which models are judged: labelled examples, snapshots of them, models and what they said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from labeling.models import Annotation, Task
from projects.models import Example
from slices.gates.actions import create_gate
from slices.models import Decision, Evaluation, Gate, Placement, Snapshot, StageMove
from slices.placements.actions import create_placement
from slices.runs.evaluations import Result, record_evaluation
from slices.snapshots.actions import freeze
from tests.factories import (
    ModelVersionFactory,
    QueueFactory,
    RunFactory,
    SliceFactory,
    SliceVersionFactory,
    UserFactory,
)

CHECKS = [
    {"id": "enough", "type": "min_sample", "n": 50},
    {"id": "good", "type": "absolute", "metric": "accuracy", "min": 0.8, "level": 0.95},
    {"id": "not_worse", "type": "non_inferior", "metric": "accuracy", "margin": 0.03, "level": 0.95},
]
RIGHT, WRONG = "3", "8"


@dataclass
class World:
    """`examples` are held out and labelled; every model is trained on the same few others."""

    size: int = 300
    random_only: bool = True
    checks: list[dict[str, Any]] = field(default_factory=lambda: CHECKS)

    def __post_init__(self) -> None:
        self.queue = QueueFactory()
        self.stream, self.project = self.queue.stream, self.queue.project
        self.organization = self.project.organization
        self.author = UserFactory()
        self.examples = self.labelled(self.size, bucket=5)
        self.labelled(5, bucket=5000)
        self.train = SliceVersionFactory(slice=SliceFactory(stream=self.stream, name="Labelled"))
        self.held_out = SliceVersionFactory(
            slice=SliceFactory(stream=self.stream, name="Held out"),
            splits=["test"],
            random_only=self.random_only,
        )
        self.snapshot = self.frozen()
        self.placement: Placement = create_placement(
            project=self.project, name="Shelf", slug="shelf", model_name="digits", by=None
        )
        self.gate: Gate = create_gate(
            placement=self.placement, name="Good, and not worse", checks=self.checks, by=None
        )

    def labelled(self, count: int, bucket: int) -> list[int]:
        """Examples in a bucket with an accepted label, drawn by lot."""
        an_hour_ago = timezone.now() - timedelta(hours=1)
        same = {"organization": self.organization}
        start = self.stream.examples.count()
        examples = Example.objects.bulk_create(
            Example(
                **same,
                stream=self.stream,
                key=f"e{start + n}",
                split_key=f"e{start + n}",
                bucket=bucket,
                captured_at=an_hour_ago,
            )
            for n in range(count)
        )
        tasks = Task.objects.bulk_create(
            Task(
                **same,
                queue=self.queue,
                example=example,
                state="accepted",
                open_slots=0,
                selected_by="random",
            )
            for example in examples
        )
        Annotation.objects.bulk_create(
            Annotation(
                **same,
                task=task,
                queue=self.queue,
                example=task.example,
                schema=self.queue.schema,
                author=self.author,
                label=RIGHT,
                answer={"digit": RIGHT},
                state="accepted",
                selected_by="random",
                accepted_at=an_hour_ago,
            )
            for task in tasks
        )
        return [example.pk for example in examples]

    def frozen(self, role: str = "eval") -> Snapshot:
        """A new snapshot of the evaluation slice, or of the training slice."""
        version = self.held_out if role == "eval" else self.train
        return freeze(slice_version=version, role=role, as_of=timezone.now(), by=None)

    def model(self, version: str, *, trained_on: Snapshot | None = None, known: bool = True) -> Any:
        """A registered model, with the run that trained it unless that is not known."""
        made = ModelVersionFactory(project=self.project, name="digits", version=version)
        if known:
            snapshot = trained_on or self.frozen("train")
            RunFactory(project=self.project, state="succeeded", snapshot=snapshot, model_version=made)
        return made

    def evaluate(
        self, model: Any, wrong: int = 0, first: int = 0, snapshot: Snapshot | None = None
    ) -> Evaluation:
        """What the model said: wrong on `wrong` examples, counted from the `first`."""
        missed = set(self.examples[first : first + wrong])
        results = [Result(example, WRONG if example in missed else RIGHT) for example in self.examples]
        return record_evaluation(
            model_version=model, snapshot=snapshot or self.snapshot, results=results, by=None
        )

    def judge(self, version: str, wrong: int = 0, first: int = 0, **model: Any) -> Decision:
        """A new model, evaluated, and the last word on it once the jobs have run."""
        made = self.model(version, **model)
        self.evaluate(made, wrong, first)
        call_command("work", "--all", "--once")
        return self.last_word(made)

    def last_word(self, model: Any) -> Decision:
        """The newest decision on a model."""
        return Decision.objects.filter(model_version=model).order_by("-pk")[0]

    def now(self) -> tuple[str, str]:
        """What applies: (stage, version), with "" for no model."""
        self.placement.refresh_from_db()
        model = self.placement.model_version
        return self.placement.stage, model.version if model else ""


def results(decision: Decision) -> dict[str, str]:
    """The clauses by id."""
    return {clause["id"]: clause["result"] for clause in decision.clauses}


def kinds() -> list[str]:
    """How each move of a stage came about, oldest first."""
    return list(StageMove.objects.order_by("pk").values_list("kind", flat=True))


def with_champion(wrong: int = 15) -> World:
    """A world in which version 1 is recommended internally."""
    world = World()
    assert world.judge("1", wrong=wrong).outcome == "pass"
    return world
