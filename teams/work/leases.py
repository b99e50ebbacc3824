"""How long a worker may be silent before its job is somebody else's."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

SHORT_LEASE = timedelta(seconds=settings.SLUICE_JOB_LIMIT_S * 1.25)  # the executor has ended it by then
LONG_LEASE = timedelta(seconds=settings.SLUICE_LONG_LEASE_S)  # kept by the beats of its worker
BEAT_EVERY_S = settings.SLUICE_LONG_LEASE_S / 4
LONGEST = timedelta(hours=4)  # a long job that is at it for longer hangs: its worker keeps it no more
