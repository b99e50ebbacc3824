"""Gates: make one, decide on a model, sign a decision. A decision is never edited; a new look is a new one."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from projects.streams.models import ModelVersion
from slices.gates.checks import NonInferior, read_checks
from slices.gates.clauses import Clause, outcome_of
from slices.gates.evidence import Evidence, gather
from slices.gates.guards import drawn_by_lot, no_leak
from slices.gates.models import Decision, Gate, SignOff
from slices.gates.promotion import BY_SIGNATURE, HIGHEST_BY_ITSELF, promote
from slices.gates.signing import signed_sha256
from slices.placements.actions import locked, move
from slices.placements.models import Placement, Stage, StageMove, rank
from slices.runs.actions import request_evaluation
from slices.runs.models import Evaluation
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


@transaction.atomic
def create_gate(
    *,
    placement: Placement,
    name: str,
    checks: list[dict[str, Any]],
    auto_stage: str = Stage.INTERNAL_RECOMMENDATION,
    by: User | None,
) -> Gate:
    """What a model must show before it may be used in a placement."""
    check_create(placement, checks, auto_stage)
    gate = placement.organization.gates.create(
        project_id=placement.project_id, placement=placement, name=name, checks=checks, auto_stage=auto_stage
    )
    record("gate.created", organization=placement.organization, subject=gate, by=by)
    return gate


@transaction.atomic
def decide(*, gate: Gate, evaluation: Evaluation, by: User | None = None) -> Decision:
    """Look at a model's evaluation clause by clause; on a pass, move the placement where that is forwards.

    Without an evaluation of the champion on the same snapshot one is requested, and the decision is open
    until it has come.
    """
    placement = locked(gate.placement)
    gate = placement.organization.gates.select_related("organization", "placement").get(pk=gate.pk)
    champion = placement.model_version
    check_decide(champion, evaluation)
    held = champion_evaluation(champion, evaluation)
    checks = read_checks(gate.checks)
    if champion and held is None and any(isinstance(check, NonInferior) for check in checks):
        request_evaluation(
            model_version=champion, snapshot=evaluation.snapshot, pool=pool_of(evaluation), by=by
        )
    evidence = gather(evaluation, champion, held)
    clauses = [check.look(evidence) for check in checks] + guard(evidence)
    decision = write(gate, evaluation, champion, held, clauses, by)
    promote(decision)
    return decision


@transaction.atomic
def sign(*, decision: Decision, stage: str, reason: str, by: User | None) -> SignOff:
    """A person lets the model of a passed decision into a stage, for a reason that stays."""
    placement = locked(decision.gate.placement)
    check_sign(decision, placement, stage, reason, by)
    assert by is not None  # checked above
    done = move(
        placement=placement,
        stage=stage,
        model_version=decision.model_version,
        reason=reason,
        kind=StageMove.Kind.SIGNED,
        by=by,
    )
    signature = decision.organization.sign_offs.create(
        decision=decision,
        stage=stage,
        by=by,
        reason=reason.strip(),
        signed_sha256=signed_sha256(decision, stage),
        move=done,
    )
    record("decision.signed", organization=decision.organization, subject=decision, by=by, stage=stage)
    return signature


def check_create(placement: Placement, checks: Any, auto_stage: str) -> None:
    """One gate a placement, checks that can be read, nothing beyond internal recommendation by itself."""
    read_checks(checks)
    if rank(auto_stage) > rank(HIGHEST_BY_ITSELF) or not rank(auto_stage):
        raise Refused(
            _("Above internal recommendation a person signs; a gate cannot do it by itself."), status=422
        )
    if placement.organization.gates.filter(placement=placement).exists():
        raise Refused(_("This placement already has a gate."))


def check_decide(champion: ModelVersion | None, evaluation: Evaluation) -> None:
    """The model in use is what others are held to."""
    if champion is not None and champion.pk == evaluation.model_version_id:
        raise Refused(_("This model is the one in use here; there is nothing to decide."))


def check_sign(decision: Decision, placement: Placement, stage: str, reason: str, by: User | None) -> None:
    """A person who may sign, with a reason, under the newest decision, a pass, about today's production."""
    check_may_sign(decision, by)
    check_signable(decision, placement)
    if stage not in BY_SIGNATURE:
        raise Refused(_("There is nothing to sign for this stage."), status=422)
    if not reason.strip():
        raise Refused(_("Say why: the reason stays with the signature."), status=422)
    if decision.organization.sign_offs.filter(decision=decision, stage=stage).exists():
        raise Refused(_("This decision is signed already."))


def check_may_sign(decision: Decision, by: User | None) -> None:
    """A signature is a person's."""
    if by is None or by.is_service or not by.has_perm("projects.sign_project", decision.project):
        raise Refused(_("Only a person who may sign in this project can sign a decision."), status=403)


def check_signable(decision: Decision, placement: Placement) -> None:
    """Only a pass can be signed, while nothing newer speaks against it."""
    if decision.outcome != Decision.Outcome.PASS:
        raise Refused(_("Only a pass can be signed."))
    if newest(decision).pk != decision.pk:
        raise Refused(_("There is a newer decision on this model."))
    if decision.gate.version != decision.gate_version:
        raise Refused(_("The gate has changed since; this decision no longer speaks for it."))
    in_use = placement.model_version_id if placement.stage == Stage.PRODUCTION else None
    if in_use not in (None, decision.champion_id, decision.model_version_id):
        raise Refused(_("Another model is in production now; this one was not compared with it."))


def newest(decision: Decision) -> Decision:
    """The last word of this gate on this model."""
    same = decision.organization.decisions.filter(
        gate=decision.gate_id, model_version=decision.model_version_id
    )
    return same.order_by("-id")[0]


def champion_evaluation(champion: ModelVersion | None, evaluation: Evaluation) -> Evaluation | None:
    """What the champion scored on the same snapshot, if it has been asked."""
    if champion is None:
        return None
    same = evaluation.organization.evaluations.filter(model_version=champion, snapshot=evaluation.snapshot_id)
    return same.select_related("snapshot").first()


def pool_of(evaluation: Evaluation) -> str:
    """Whoever evaluated the candidate can evaluate the champion."""
    return evaluation.run.pool if evaluation.run else "default"


def guard(evidence: Evidence) -> list[Clause]:
    """What no gate can leave out."""
    return [drawn_by_lot(evidence), no_leak(evidence)]


def write(
    gate: Gate,
    evaluation: Evaluation,
    champion: ModelVersion | None,
    held: Evaluation | None,
    clauses: list[Clause],
    by: User | None,
) -> Decision:
    """One more decision, for ever."""
    decision = gate.organization.decisions.create(
        project_id=gate.project_id,
        gate=gate,
        gate_version=gate.version,
        model_version=evaluation.model_version,
        evaluation=evaluation,
        champion=champion,
        champion_evaluation=held,
        outcome=outcome_of(clauses),
        clauses=[clause.json() for clause in clauses],
    )
    record(
        "decision.made",
        organization=gate.organization,
        subject=decision,
        by=by,
        outcome=decision.outcome,
        gate=gate.pk,
        model_version=evaluation.model_version_id,
    )
    return decision
