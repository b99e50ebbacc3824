"""Signs of life: written through the very path that could hang, read by the watchdog."""

from __future__ import annotations

from datetime import datetime

from django.db.models.functions import Now
from django.utils import timezone

from teams.work.models import BEAT, Beat


def touch(name: str) -> None:
    """Say that the process of this name is alive, by the database's clock."""
    Beat.objects.update_or_create(name=name, defaults={"at": Now()})


def age(name: str) -> float | None:
    """Seconds since the last sign of life; None when there never was one."""
    at = Beat.objects.filter(name=name).values_list("at", flat=True).first()
    return None if at is None else (timezone.now() - at).total_seconds()


def ages() -> dict[str, float]:
    """Seconds since the last sign of life of every kind of process that ever gave one, by name."""
    now = timezone.now()
    beats = Beat.objects.exclude(name__startswith=BEAT).order_by("name")
    return {beat.name: (now - beat.at).total_seconds() for beat in beats}


def forget_jobs(before: datetime) -> None:
    """Take back the beats of jobs whose workers died."""
    Beat.objects.filter(name__startswith=BEAT, at__lt=before).delete()
