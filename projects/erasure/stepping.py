"""One eraser's part of an erasure, in a job: done again after a crash, it finds less or nothing, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from projects.erasure.actions import finish
from projects.erasure.models import Erasure
from teams.work.erasing import Doomed, NotYet, eraser_of
from teams.work.jobs import enqueue

PART = 5_000  # examples that an eraser is given at once
AGAIN = timedelta(seconds=3)


class EraserFailed(Exception):
    """What went wrong, without the words of it: they may quote what is to be erased."""


def take_step(erasure: Erasure, name: str) -> None:
    """Let one eraser remove all that it has of these examples. Raises EraserFailed; the job is then tried again."""
    eraser = eraser_of(name)
    try:
        with transaction.atomic():
            n = sum(eraser.erase(part) for part in parts(erasure)) if eraser else 0
    except NotYet:
        enqueue(
            "erasures.step",
            organization=erasure.organization,
            run_after=timezone.now() + AGAIN,
            erasure_id=erasure.pk,
            name=name,
        )
        return
    except Exception as error:
        raise EraserFailed(f"{name}: {type(error).__name__}") from None
    erasure.steps.filter(name=name, done_at=None).update(n=n, done_at=timezone.now())
    finish(erasure)


def parts(erasure: Erasure) -> Iterator[Doomed]:
    """The examples of an erasure, some at a time, by what stays of them."""
    rows = erasure.tombstones.order_by("pk")
    last = 0
    while page := list(rows.filter(pk__gt=last)[:PART]):
        last = page[-1].pk
        yield Doomed(
            erasure.organization,
            tuple(row.example_id for row in page),
            {row.key_digest for row in page},
            {row.media_digest for row in page} - {""},
        )
