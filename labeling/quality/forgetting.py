"""How long an answer took, and whether a known one was right, is erased when figures about people are not kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from labeling.quality.figures import since
from teams.identity.models import Organization

BATCH = 5_000
AGAIN = timedelta(hours=6)


@transaction.atomic
def forget(at: datetime) -> int:
    """One organization that is due, one batch of its answers; the number erased.

    The organization stays due until a batch is not full.
    """
    due = Organization.objects.filter(figures_due_at__lte=at).order_by("figures_due_at")
    organization = due.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
    if organization is None:
        return 0
    timed = organization.annotations.filter(active_s__isnull=False, at__lt=since(organization, at))
    batch = list(timed.order_by("at").values_list("pk", flat=True)[:BATCH])
    organization.annotations.filter(pk__in=batch).update(active_s=None)
    scored = organization.gold_answers.filter(at__lt=since(organization, at))
    scores = list(scored.order_by("at").values_list("pk", flat=True)[:BATCH])
    organization.gold_answers.filter(pk__in=scores).delete()
    if max(len(batch), len(scores)) < BATCH:
        Organization.objects.filter(pk=organization.pk).update(figures_due_at=at + AGAIN)
    return len(batch) + len(scores)
