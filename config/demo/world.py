"""The demo's world: one organization with everything the loop needs, made through the rooms' own actions.

Made once; a second start finds each thing by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.demo import digits
from config.demo.cast import MANAGER, TEAM, ensure_organization, ensure_user
from config.demo.keys import Keys
from labeling.queues.actions import create_queue
from labeling.queues.models import Queue
from projects.conditions import Condition
from projects.schemas.actions import create_schema
from projects.streams.actions import create_project, create_stream
from projects.streams.models import Project, Stream
from slices.definitions.actions import Definition, create_slice
from slices.definitions.models import Slice
from slices.gates.actions import create_gate
from slices.placements.actions import create_placement
from slices.placements.models import Placement
from slices.schedules.actions import create_schedule
from slices.schedules.models import Schedule
from teams.access.permissions import grant
from teams.identity.models import Organization, User
from teams.identity.roles import PIPELINE, REVIEW

# How hard is hard, how much is audited, what is required. Chosen before the first play and not since:
# they are not there to make the choice win.
HARD_BELOW = 0.8  # confidence of the newest model
HARD = f"batch = 1 or confidence < {HARD_BELOW}"  # of the first batch there is no model yet
TEST_UNTIL = 2500  # of 10,000 buckets: a quarter of what arrives is never trained on
AUDIT_PERCENT = 60.0  # of those, drawn by lot, get a label and so count in evaluations
LEAST_ACCURACY = 0.80  # that the lower bound of a new model's accuracy must reach
MARGIN = 0.03  # by which a new model may be worse than the champion
LEAST_SAMPLE = 50
EVERY_S = 3
MAIN, CONTROL = "digits", "digits-control"

STREAM_FIELDS: list[dict[str, Any]] = [
    {"name": "store", "type": "string", "column": "k1"},
    {"name": "distortion", "type": "enum", "enum": list(digits.DISTORTIONS)},
    {"name": "batch", "type": "number", "column": "n1"},
]
QUESTIONS: list[dict[str, Any]] = [
    {
        "name": "digit",
        "kind": "choice",
        "title": "Which digit is on the tag?",
        "options": [{"value": str(n), "title": str(n), "key": str(n)} for n in range(10)],
    }
]
CHECKS: list[dict[str, Any]] = [
    {"id": "enough", "type": "min_sample", "n": LEAST_SAMPLE},
    {"id": "good", "type": "absolute", "metric": "accuracy", "min": LEAST_ACCURACY, "level": 0.95},
    {"id": "not_worse", "type": "non_inferior", "metric": "accuracy", "margin": MARGIN, "level": 0.95},
]


@dataclass(frozen=True)
class World:
    """What the play plays with."""

    organization: Organization
    manager: User
    project: Project
    stream: Stream
    hard: Queue
    control: Queue
    retrain: Schedule
    retrain_control: Schedule
    placement: Placement
    pipeline_token: str
    feeder_token: str


def ensure_world(files: Path) -> World:
    """Everything, made where it is missing. `files` is the folder that keeps the tokens. Raises NotOurs."""
    organization = ensure_organization()
    manager = ensure_user(MANAGER)
    project = ensure_project(organization, manager)
    stream = ensure_stream(project, manager)
    hard, control = ensure_queues(project, stream, manager)
    train, control_train, held_out = ensure_slices(stream, control, manager)
    placement = ensure_placement(project, manager)
    keys = Keys(files / "tokens.json")
    return World(
        organization=organization,
        manager=manager,
        project=project,
        stream=stream,
        hard=hard,
        control=control,
        retrain=ensure_schedule(project, "retrain", train, held_out, MAIN, manager),
        retrain_control=ensure_schedule(
            project, "retrain-control", control_train, held_out, CONTROL, manager
        ),
        placement=placement,
        pipeline_token=keys.ensure(organization, "pipeline", PIPELINE, manager),
        feeder_token=keys.ensure(organization, "feeder", ["projects.ingest_project"], manager),
    )


def ensure_project(organization: Organization, by: User) -> Project:
    """The project with its label schema, granted to the team."""
    project = organization.projects.filter(slug="digits").first()
    if project is None:
        project = create_project(organization=organization, name="Digits", slug="digits", by=by)
    if not project.label_schemas.exists():
        create_schema(project=project, questions=QUESTIONS, by=by)
    team = organization.teams.get(name=TEAM)
    for verb in REVIEW:
        grant(verb, team, project)
    return project


def ensure_stream(project: Project, by: User) -> Stream:
    """Shelf tags, each example in a bucket of its own."""
    known = project.streams.filter(slug="tags").first()
    return known or create_stream(
        project=project,
        name="Shelf tags",
        slug="tags",
        fields=STREAM_FIELDS,
        test_until=TEST_UNTIL,
        val_until=TEST_UNTIL,
        salt="tags:1",
        by=by,
    )


def ensure_queues(project: Project, stream: Stream, by: User) -> tuple[Queue, Queue]:
    """The queue of hard cases, which also draws the audits, and the control queue that draws by lot alone."""
    schema = project.label_schemas.first()
    assert schema is not None  # made with the project
    hard = project.queues.filter(slug="hard").first() or create_queue(
        stream=stream,
        schema=schema,
        slug="hard",
        name="Hard cases",
        condition=Condition.from_text(HARD, stream).json,
        instructions="Press the digit that you see on the tag. The currency mark is not part of it.",
        audit_percent=AUDIT_PERCENT,
        by=by,
    )
    control = project.queues.filter(slug="control").first() or create_queue(
        stream=stream,
        schema=schema,
        slug="control",
        name="Control: drawn by lot",
        instructions="The same question. These labels only train the model that the choice is compared with.",
        counts=False,
        by=by,
    )
    return hard, control


def ensure_slices(stream: Stream, control: Queue, by: User) -> tuple[Slice, Slice, Slice]:
    """What is trained on, what the control model is trained on, and what both are held to."""
    by_lot = Definition(splits=["train"], queues=[control.pk])
    held_out = Definition(splits=["test"], random_only=True)
    return (
        ensure_slice(stream, "train", "All that people labelled", Definition(splits=["train"]), by),
        ensure_slice(stream, "control-train", "As many labels, drawn by lot", by_lot, by),
        ensure_slice(stream, "held-out", "Held out, drawn by lot", held_out, by),
    )


def ensure_slice(stream: Stream, slug: str, name: str, definition: Definition, by: User) -> Slice:
    """One slice; one that a manager has changed since stays changed."""
    known = stream.slices.filter(slug=slug).first()
    return known or create_slice(stream=stream, slug=slug, name=name, definition=definition, by=by)


def ensure_placement(project: Project, by: User) -> Placement:
    """Where the model is used, with the gate in front of it."""
    placement = project.placements.filter(slug="shelf").first() or create_placement(
        project=project,
        name="Shelf cameras",
        slug="shelf",
        model_name=MAIN,
        confidence_floor=HARD_BELOW,
        by=by,
    )
    if not project.gates.filter(placement=placement).exists():
        create_gate(placement=placement, name="Good, and not worse", checks=CHECKS, by=by)
    return placement


def ensure_schedule(
    project: Project, name: str, train: Slice, held_out: Slice, model_name: str, by: User
) -> Schedule:
    """Every few seconds, if there is a new label."""
    return project.schedules.filter(name=name).first() or create_schedule(
        project=project,
        name=name,
        slice=train,
        eval_slice=held_out,
        model_name=model_name,
        every_s=EVERY_S,
        min_new=1,
        by=by,
    )
