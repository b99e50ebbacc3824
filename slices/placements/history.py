"""What the moves of a placement add up to: what came before, and whether a person holds it."""

from __future__ import annotations

from collections.abc import Iterable

from slices.placements.models import Placement, Stage, StageMove

BY_HAND = (StageMove.Kind.ROLLED_BACK, StageMove.Kind.PEOPLE_DECIDE)
LOOKED_AT = 1000


def before(placement: Placement) -> StageMove | None:
    """The last move with another model that was not taken back: where rolling back leads.

    Where people decide, that is the model they took over from.
    """
    newest = placement.moves.select_related("model_version").order_by("-id")[:LOOKED_AT]
    left = standing(reversed(newest))
    return next(
        (move for move in reversed(left) if move.model_version_id != placement.model_version_id), None
    )


def standing(oldest_first: Iterable[StageMove]) -> list[StageMove]:
    """The moves that were not taken back: a roll-back cancels all that the model of its day had reached."""
    left: list[StageMove] = []
    for move in oldest_first:
        if move.kind != StageMove.Kind.ROLLED_BACK:
            left.append(move)
            continue
        taken_back = left[-1].model_version_id if left else None
        while left and left[-1].model_version_id == taken_back:
            left.pop()
    return left


def held_by(placement: Placement) -> StageMove | None:
    """The move by which a person took the wheel: until somebody signs, the gate moves nothing by itself."""
    last = placement.moves.order_by("-id").first()
    return last if last is not None and last.kind in BY_HAND else None


def people_decide(placement: Placement) -> bool:
    """Whether no model is used here."""
    return placement.stage == Stage.HUMAN_FALLBACK
