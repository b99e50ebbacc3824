"""Gates hear of evaluations and decide."""

from __future__ import annotations

from slices.gates.actions import decide
from slices.gates.models import Decision, Gate
from slices.placements.actions import locked
from slices.runs.models import Evaluation
from teams.identity.models import Organization
from teams.work.jobs import after


@after("evaluation.recorded", name="gates.decide")
def decide_after_evaluation(organization: Organization, event_id: int) -> None:
    """The gates of the model's name decide on it, and on those that waited for it as champion."""
    data = organization.events.get(pk=event_id).data
    evaluation = organization.evaluations.select_related(
        "snapshot__slice_version", "model_version", "run"
    ).get(model_version=data["model_version"], snapshot=data["snapshot"])
    gates = organization.gates.filter(
        project=evaluation.project_id, placement__model_name=evaluation.model_version.name
    )
    for gate in gates.select_related("placement", "organization"):
        hear(gate, evaluation)


def hear(gate: Gate, evaluation: Evaluation) -> None:
    """A model that has been in the placement is not its candidate: its evaluation answers those who wait.

    The placement is locked first, so that a candidate deciding at this moment is either seen as waiting or
    sees this evaluation.
    """
    placement = locked(gate.placement)
    if placement.moves.filter(model_version=evaluation.model_version_id).exists():
        for decision in waiting(gate, evaluation):
            decide(gate=gate, evaluation=decision.evaluation)
    else:
        decide(gate=gate, evaluation=evaluation)


def waiting(gate: Gate, evaluation: Evaluation) -> list[Decision]:
    """The last word on each candidate that could not be compared with this champion on this snapshot."""
    last = (
        gate.decisions.filter(evaluation__snapshot=evaluation.snapshot_id)
        .select_related("evaluation__snapshot__slice_version", "evaluation__model_version", "evaluation__run")
        .order_by("model_version_id", "-id")
        .distinct("model_version_id")
    )
    return [
        decision
        for decision in last
        if decision.champion_id == evaluation.model_version_id
        and decision.champion_evaluation_id is None
        and decision.outcome == Decision.Outcome.INCONCLUSIVE
    ]
