"""An erasure must end within the hour, whatever happens to its jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from projects.erasure.actions import put_down
from projects.erasure.models import Erasure
from teams.work.jobs import enqueue

LOOK_EVERY = timedelta(minutes=5)
AT_ONCE = 20


def look_after(at: datetime) -> int:
    """An erasure whose jobs have given up, or got lost, is put down again: it must end within the hour."""
    with transaction.atomic():
        rows = Erasure.objects.unfinished().filter(look_at__lte=at).order_by("look_at")
        found = list(
            rows.select_related("organization").select_for_update(of=("self",), skip_locked=True)[:AT_ONCE]
        )
        put = sum(put_again(row) for row in found)
        Erasure.objects.filter(pk__in=[row.pk for row in found]).update(look_at=at + LOOK_EVERY)
    return put


def put_again(erasure: Erasure) -> int:
    """Jobs for what nobody is at; how many."""
    organization = erasure.organization
    if erasure.steps.filter(done_at=None).exists():
        return put_down(erasure)
    going = organization.jobs.filter(kind="erasures.go_on", args__erasure_id=erasure.pk)
    if going.filter(state__in=["queued", "running"]).exists():
        return 0
    enqueue("erasures.go_on", organization=organization, erasure_id=erasure.pk)
    return 1
