"""Which snapshots are kept because of what was, or is being, made of them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from slices.runs.models import Run
from slices.snapshots.pinning import Reason
from teams.identity.models import Organization


def of_models(organization: Organization, snapshot_ids: Sequence[int]) -> dict[int, Reason]:
    """A model learnt from it."""
    runs = organization.runs.filter(snapshot__in=snapshot_ids, model_version__isnull=False)
    return {pk: _("A model learnt from it") for pk in runs.values_list("snapshot", flat=True)}


def of_evaluations(organization: Organization, snapshot_ids: Sequence[int]) -> dict[int, Reason]:
    """A model was measured on it."""
    rows = organization.evaluations.filter(snapshot__in=snapshot_ids)
    return {pk: _("A model was measured on it") for pk in rows.values_list("snapshot", flat=True)}


def of_runs(organization: Organization, snapshot_ids: Sequence[int]) -> dict[int, Reason]:
    """A run that has not ended needs it."""
    going = organization.runs.exclude(state__in=Run.ENDED)
    going = going.filter(Q(snapshot__in=snapshot_ids) | Q(eval_snapshot__in=snapshot_ids))
    asked = set(snapshot_ids)
    found = {pk for pair in going.values_list("snapshot", "eval_snapshot") for pk in pair}
    return {pk: _("A run is using it") for pk in found & asked if pk is not None}
