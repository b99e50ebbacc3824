"""The model that was in use before Sluice: registered as the first of its placement, with no lineage but that.

It is the only way past the gate, and open only while the placement has never had a model. What comes after it is
compared with it.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from projects.streams.actions import register_model_version
from projects.streams.models import ModelVersion
from slices.placements.actions import locked, move
from slices.placements.models import LADDER, Placement, Stage, StageMove, rank
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

SIGN = "projects.sign_project"


@transaction.atomic
def adopt(
    *,
    placement: Placement,
    version: str,
    digest: str = "",
    uri: str = "",
    stage: str,
    reason: str,
    by: User | None,
) -> StageMove:
    """Let a model that was trained elsewhere apply here from now on. Raises Refused where a gate must say so."""
    row = locked(placement)
    check_adopt(row)
    check_stage(row, stage, by)
    organization = placement.organization
    model = register_model_version(
        project=placement.project, name=placement.model_name, version=version, digest=digest, uri=uri, by=by
    )
    check_from_outside(model)
    organization.model_versions.filter(pk=model.pk).update(lineage=ModelVersion.Lineage.EXTERNAL)
    done = move(
        placement=placement,
        stage=stage,
        model_version=model,
        reason=reason,
        kind=StageMove.Kind.ADOPTED,
        by=by,
    )
    record(
        "placement.adopted",
        organization=organization,
        subject=placement,
        by=by,
        model_version=model.pk,
        stage=stage,
    )
    return done


def check_adopt(placement: Placement) -> None:
    """Only the first model comes in without a gate."""
    if placement.moves.filter(model_version__isnull=False).exists():
        raise Refused(_("This placement has had a model already; the next one comes through a gate."))


def check_stage(placement: Placement, stage: str, by: User | None) -> None:
    """A stage that trusts a model; above internal recommendation a person says so who may sign."""
    if stage not in LADDER:
        raise Refused(_("A model is adopted in one of the stages that use one."), code="invalid", status=422)
    if rank(stage) <= rank(Stage.INTERNAL_RECOMMENDATION):
        return
    if by is None or by.is_service or not by.has_perm(SIGN, placement.project):
        raise Refused(
            _("Above internal recommendation, only a person who may sign can adopt a model."), status=403
        )


def check_from_outside(model: ModelVersion) -> None:
    """What a run here has made has a lineage, and a gate to pass."""
    if model.organization.runs.filter(model_version=model, kind="train").exists():
        raise Refused(_("%(model)s was trained here; it comes through a gate.") % {"model": model})
