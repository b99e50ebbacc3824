"""How a move is said to people; who did it stands before it."""

from __future__ import annotations

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from slices.placements.models import StageMove


def sentence(move: StageMove) -> str:
    """What was done, without its actor: "signed digits@4 into production"."""
    said = phrase(move) % {"model": move.model_version or "", "stage": move.get_stage_display()}
    return said if move.by else capfirst(said)


def phrase(move: StageMove) -> str:
    """By how it came about; where no model applies, people do."""
    kind = StageMove.Kind
    if move.model_version is None:
        people = {
            kind.MADE: _("made this placement; people decide"),
            kind.ROLLED_BACK: _("rolled back: people decide again"),
        }
        return people.get(kind(move.kind), _("let people decide"))
    return {
        kind.PROMOTED: _("the gate let %(model)s into %(stage)s"),
        kind.SIGNED: _("signed %(model)s into %(stage)s"),
        kind.ADOPTED: _("adopted %(model)s from outside in %(stage)s"),
        kind.ROLLED_BACK: _("rolled back to %(model)s in %(stage)s"),
    }.get(kind(move.kind), _("moved %(model)s to %(stage)s"))
