"""Where a model is used: make the place, move it, take a move back, hand it to people.

Sluice writes down what should apply; pipelines ask for it. It never runs or deploys a model.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.streams.models import ModelVersion, Project
from slices.placements.history import before
from slices.placements.models import Placement, Stage, StageMove
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused


@transaction.atomic
def create_placement(
    *, project: Project, name: str, slug: str, model_name: str, confidence_floor: float = 0.0, by: User | None
) -> Placement:
    """A place for models called `model_name`; people decide there until a model is moved in."""
    if project.placements.filter(slug=slug).exists():
        raise Refused(_("This project already has a placement with this address."))
    placement = project.organization.placements.create(
        project=project, name=name, slug=slug, model_name=model_name, confidence_floor=confidence_floor
    )
    record("placement.created", organization=project.organization, subject=placement, by=by)
    append(
        placement, StageMove.Kind.MADE, Stage.HUMAN_FALLBACK, None, _("Nothing is known of a model yet."), by
    )
    return placement


@transaction.atomic
def move(
    *,
    placement: Placement,
    stage: str,
    model_version: ModelVersion | None,
    reason: str,
    kind: str = StageMove.Kind.MOVED,
    by: User | None,
) -> StageMove:
    """Let `stage` and `model_version` apply from now on; whether they may is the gate's question."""
    row = locked(placement)
    check_move(row, stage, model_version, reason)
    placement.organization.placements.filter(pk=row.pk).update(
        stage=stage, model_version=model_version, since=timezone.now()
    )
    done = append(row, kind, stage, model_version, reason.strip(), by)
    record(
        "placement.moved",
        organization=placement.organization,
        subject=placement,
        by=by,
        stage=stage,
        before=row.stage,
        how=str(kind),
        model_version=model_version.pk if model_version else None,
        model_version_before=row.model_version_id,
    )
    placement.refresh_from_db()
    return done


@transaction.atomic
def roll_back(*, placement: Placement, reason: str, by: User | None) -> StageMove:
    """Return to what applied before, without asking any gate."""
    row = locked(placement)
    earlier = check_roll_back(row)
    return move(
        placement=placement,
        stage=earlier.stage,
        model_version=earlier.model_version,
        reason=reason,
        kind=StageMove.Kind.ROLLED_BACK,
        by=by,
    )


@transaction.atomic
def human_fallback(*, placement: Placement, reason: str, by: User | None) -> StageMove:
    """People decide from now on; open to the gate's own moves again once somebody signs or rolls back."""
    row = locked(placement)
    check_human_fallback(row)
    return move(
        placement=placement,
        stage=Stage.HUMAN_FALLBACK,
        model_version=None,
        reason=reason,
        kind=StageMove.Kind.PEOPLE_DECIDE,
        by=by,
    )


def check_move(placement: Placement, stage: str, model_version: ModelVersion | None, reason: str) -> None:
    """A move says why, knows its stage, and brings a model of the name that belongs here."""
    if not reason.strip():
        raise Refused(_("Say why: the reason stays with the move."), status=422)
    if stage not in Stage.values:
        raise Refused(_("There is no such stage."), status=422)
    if (stage == Stage.HUMAN_FALLBACK) != (model_version is None):
        raise Refused(_("A stage needs a model, and where people decide there is none."), status=422)
    if model_version and (model_version.project_id, model_version.name) != (
        placement.project_id,
        placement.model_name,
    ):
        raise Refused(
            _("Only versions of %(name)s belong here.") % {"name": placement.model_name}, status=422
        )


def check_roll_back(placement: Placement) -> StageMove:
    """What rolling back would return to; refused when there is nothing."""
    earlier = before(placement)
    if earlier is None:
        raise Refused(_("No other model was here before, so there is nothing to return to."))
    return earlier


def check_human_fallback(placement: Placement) -> None:
    """Handing over twice says nothing new; before the first model it holds the gate back."""
    last = placement.moves.order_by("-id").first()
    if placement.stage == Stage.HUMAN_FALLBACK and (last is None or last.kind != StageMove.Kind.MADE):
        raise Refused(_("People already decide here."))


def locked(placement: Placement) -> Placement:
    """The row as it is now, held until the end of the transaction: moves of a placement form one line."""
    return placement.organization.placements.select_for_update(of=("self",)).get(pk=placement.pk)


def append(
    placement: Placement,
    kind: str,
    stage: str,
    model_version: ModelVersion | None,
    reason: str,
    by: User | None,
) -> StageMove:
    """One more line of the history."""
    return placement.organization.stage_moves.create(
        placement=placement, kind=kind, stage=stage, model_version=model_version, reason=reason, by=by
    )
