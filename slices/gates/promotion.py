"""How far a decision lets a model go, and what the gate does about it by itself.

A gate moves a model at most to internal recommendation, and only forwards: a placement in production keeps
its model until a person signs another one in, and one that a person took back or handed to people stays as
it is until somebody signs. Until then a pass only says how far the model may go.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from slices.gates.models import Decision, Gate
from slices.placements.actions import locked, move
from slices.placements.history import held_by
from slices.placements.models import LADDER, Placement, Stage, StageMove, rank

HIGHEST_BY_ITSELF = Stage.INTERNAL_RECOMMENDATION
BY_SIGNATURE = (Stage.INTERNAL_RECOMMENDATION, Stage.PRODUCTION)


def reach(gate: Gate) -> str:
    """The stage that a pass opens without anybody's signature."""
    return min(gate.auto_stage, HIGHEST_BY_ITSELF, key=rank)


def may_deploy_to(decision: Decision, signed: Iterable[str] = ()) -> str | None:
    """The highest stage this decision opens for its model; None where it opens none."""
    if decision.outcome != Decision.Outcome.PASS:
        return None
    return max([reach(decision.gate), *signed], key=rank)


def promote(decision: Decision) -> StageMove | None:
    """After a pass: move the model in where that is a step forwards; None where it is not."""
    if decision.outcome != Decision.Outcome.PASS:
        return None
    placement, stage = locked(decision.gate.placement), reach(decision.gate)
    if why_not(decision, placement, stage):
        return None
    return move(
        placement=placement,
        stage=stage,
        model_version=decision.model_version,
        reason=_("Passed %(gate)s.") % {"gate": decision.gate.name},
        kind=StageMove.Kind.PROMOTED,
        by=None,
    )


def why_not(decision: Decision, placement: Placement, stage: str) -> str:
    """Why a pass does not move the placement; empty when it does."""
    model = decision.model_version
    if held_by(placement):
        return _("A person took this placement in hand; it moves again when somebody signs.")
    if rank(placement.stage) > rank(stage):
        return _("A model in production stays until somebody signs the next one.")
    if placement.model_version_id is not None and placement.model_version_id >= model.pk:
        return _("The placement already has this model or a newer one.")
    return ""


def highest(stages: Iterable[str]) -> str:
    """The most trusted of some stages; empty for none that trusts a model."""
    return max((stage for stage in stages if stage in LADDER), key=rank, default="")
