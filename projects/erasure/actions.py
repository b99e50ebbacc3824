"""Erasing examples: asked for, marked at once, then every room that kept something of them reports done."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from projects.erasure import ledger
from projects.erasure.choosing import Wanted, check_found, check_wanted, chosen
from projects.erasure.marking import mark
from projects.erasure.models import Erasure
from projects.streams.models import Project, Stream
from projects.streams.tombstones import digests, erased_keys
from teams.events.actions import record
from teams.identity.models import User
from teams.work.erasing import erasers
from teams.work.jobs import enqueue


@transaction.atomic
def erase(
    *, project: Project, stream: Stream | None, wanted: Wanted, reference: str = "", by: User | None
) -> Erasure:
    """Erase examples. When this returns and commits, they are on no page; what is left of them goes in jobs.

    The same keys or numbers again are the erasure that has them already. Raises Invalid, and Refused where none of
    them is here.
    """
    check_wanted(wanted, stream)
    known = erased_before(project, stream, wanted)
    if known is not None:
        return known
    organization = project.organization
    erasure = organization.erasures.create(
        project=project,
        stream=stream,
        attribute=wanted.attribute,
        wanted=wanted.json,
        reference=reference,
        asked_by=by,
    )
    record("erasure.asked", organization=organization, subject=erasure, by=by, how=next(iter(wanted.json)))
    check_found(mark(erasure, by=by))
    named = len(set(wanted.keys or wanted.ids))
    if erasure.wanted is None and named:
        organization.erasures.filter(pk=erasure.pk).update(n_unknown=named - F("n"))
    enqueue("erasures.go_on", organization=organization, erasure_id=erasure.pk)
    erasure.refresh_from_db()
    return erasure


def erased_before(project: Project, stream: Stream | None, wanted: Wanted) -> Erasure | None:
    """The erasure that these very keys or numbers were erased by, if none of them is here any more."""
    if wanted.attribute or chosen(project, stream, wanted).exists():
        return None
    rows = project.organization.tombstones.filter(erasure__project=project)
    if wanted.ids:
        rows = rows.filter(example_id__in=wanted.ids)
    elif stream is not None and erased_keys(stream, wanted.keys) == set(wanted.keys):
        rows = rows.filter(key_digest__in=digests(stream, wanted.keys))
    else:
        return None
    found = rows.select_related("erasure__organization").order_by("-pk").first()
    return found.erasure if found else None


def go_on(erasure: Erasure) -> None:
    """Mark what is still wanted, then put the erasers to work, each in a job of its own; asked again, it goes on."""
    if erasure.wanted is not None:
        mark(erasure, by=erasure.asked_by)
        enqueue("erasures.go_on", organization=erasure.organization, erasure_id=erasure.pk)
        return
    ledger.write(erasure)
    for eraser in erasers(at_once=False):
        erasure.steps.get_or_create(organization=erasure.organization, name=eraser.name)
    put_down(erasure)
    finish(erasure)


def put_down(erasure: Erasure) -> int:
    """A job for every step that is not done and has none; how many."""
    organization = erasure.organization
    going = organization.jobs.filter(kind="erasures.step", state__in=["queued", "running"])
    busy = set(going.filter(args__erasure_id=erasure.pk).values_list("args__name", flat=True))
    waiting = [step for step in erasure.steps.filter(done_at=None) if step.name not in busy]
    for step in waiting:
        enqueue("erasures.step", organization=organization, erasure_id=erasure.pk, name=step.name)
    return len(waiting)


def finish(erasure: Erasure) -> None:
    """Done, if every step is; whoever does the last one says so."""
    organization = erasure.organization
    row = organization.erasures.select_for_update().get(pk=erasure.pk)
    if row.done_at or row.wanted is not None or row.steps.filter(done_at=None).exists():
        return
    organization.erasures.filter(pk=row.pk).update(done_at=timezone.now())
    record("erasure.finished", organization=organization, subject=row, by=None, examples=row.n)
