"""What goes out: slices, snapshots, runs, schedules, placements, gates."""

from __future__ import annotations

import secrets

import factory
from django.utils import timezone

from slices.models import (
    Decision,
    Evaluation,
    Gate,
    Placement,
    Run,
    Schedule,
    Slice,
    SliceVersion,
    Snapshot,
    StageMove,
    Tick,
)
from tests.factories.data import InProject, ModelVersionFactory, StreamFactory
from tests.factories.people import Of


class SliceFactory(Of):
    class Meta:
        model = Slice

    stream = factory.SubFactory(StreamFactory)
    project = factory.SelfAttribute("stream.project")
    organization = factory.SelfAttribute("stream.organization")
    slug = factory.Sequence(lambda n: f"slice{n}")
    name = factory.Sequence(lambda n: f"Slice {n}")


class SliceVersionFactory(Of):
    class Meta:
        model = SliceVersion

    slice = factory.SubFactory(SliceFactory)
    organization = factory.SelfAttribute("slice.organization")
    version = 1
    splits = factory.LazyFunction(lambda: ["train"])
    definition_hash = factory.LazyFunction(lambda: secrets.token_hex(32))


class SnapshotFactory(Of):
    class Meta:
        model = Snapshot

    slice_version = factory.SubFactory(SliceVersionFactory)
    organization = factory.SelfAttribute("slice_version.organization")
    project = factory.SelfAttribute("slice_version.slice.project")
    role = "train"
    as_of = factory.LazyFunction(timezone.now)
    params_sha256 = "0" * 64
    manifest_sha256 = factory.LazyFunction(lambda: secrets.token_hex(32))
    content_sha256 = factory.LazyFunction(lambda: secrets.token_hex(32))
    manifest_name = "none"
    n_total = 0


class RunFactory(InProject):
    class Meta:
        model = Run

    kind = "train"
    state = "queued"
    model_name = "digits"
    as_of = factory.LazyFunction(timezone.now)


class EvaluationFactory(Of):
    class Meta:
        model = Evaluation

    model_version = factory.SubFactory(ModelVersionFactory)
    project = factory.SelfAttribute("model_version.project")
    organization = factory.SelfAttribute("model_version.organization")
    snapshot = factory.SubFactory(
        SnapshotFactory,
        role="eval",
        slice_version=factory.SubFactory(
            SliceVersionFactory,
            splits=["test"],
            slice=factory.SubFactory(
                SliceFactory,
                stream=factory.SubFactory(
                    StreamFactory, project=factory.SelfAttribute(".....model_version.project")
                ),
            ),
        ),
    )
    n = 100
    correct = 90
    results_name = "none"
    results_sha256 = "0" * 64


class ScheduleFactory(Of):
    class Meta:
        model = Schedule

    slice = factory.SubFactory(SliceFactory)
    eval_slice = factory.LazyAttribute(lambda row: SliceFactory(stream=row.slice.stream))
    project = factory.SelfAttribute("slice.project")
    organization = factory.SelfAttribute("slice.organization")
    name = factory.Sequence(lambda n: f"schedule {n}")
    model_name = "digits"
    every_s = 3600


class TickFactory(Of):
    class Meta:
        model = Tick

    schedule = factory.SubFactory(ScheduleFactory)
    organization = factory.SelfAttribute("schedule.organization")
    scheduled_for = factory.LazyFunction(timezone.now)
    verdict = "fired"
    reason = "due"


class PlacementFactory(InProject):
    class Meta:
        model = Placement

    slug = factory.Sequence(lambda n: f"placement{n}")
    name = factory.Sequence(lambda n: f"Placement {n}")
    model_name = "digits"


class StageMoveFactory(Of):
    class Meta:
        model = StageMove

    placement = factory.SubFactory(PlacementFactory)
    organization = factory.SelfAttribute("placement.organization")
    stage = "human_fallback"
    reason = "made"


class GateFactory(Of):
    class Meta:
        model = Gate

    placement = factory.SubFactory(PlacementFactory)
    project = factory.SelfAttribute("placement.project")
    organization = factory.SelfAttribute("placement.organization")
    name = factory.Sequence(lambda n: f"gate {n}")


class DecisionFactory(Of):
    class Meta:
        model = Decision

    gate = factory.SubFactory(GateFactory)
    project = factory.SelfAttribute("gate.project")
    organization = factory.SelfAttribute("gate.organization")
    gate_version = 1
    model_version = factory.SubFactory(ModelVersionFactory, project=factory.SelfAttribute("..project"))
    evaluation = factory.SubFactory(EvaluationFactory, model_version=factory.SelfAttribute("..model_version"))
    outcome = "pass"
