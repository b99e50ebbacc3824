"""Erasing again what a restored database has forgotten that it erased, by what was written down beside the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects.erasure import ledger
from projects.erasure.marking import mark
from projects.streams.models import Project
from projects.streams.tombstones import Tombstone
from teams.events.actions import record
from teams.identity.models import Organization
from teams.work.erasing import key_digest
from teams.work.jobs import enqueue

BATCH = 5_000
NO_NUMBER = 0  # the backup had not seen it yet: its number is given to another example, or was


def replay(organization: Organization) -> int:
    """Every erasure of an organization of which something was forgotten, again; how many examples that were."""
    return sum(replay_one(organization, entry) for entry in list(ledger.entries(organization)))


@transaction.atomic
def replay_one(organization: Organization, entry: dict[str, Any]) -> int:
    """One erasure. What it erased is marked when this commits, and goes in jobs; what is not here stays unwelcome."""
    project = organization.projects.filter(pk=entry["project"]).first()
    if project is None:
        return 0
    lost = forgotten(project, entry["examples"])
    if not lost:
        return 0
    here = dict(still_here(project, lost))
    erasure = organization.erasures.create(
        project=project,
        reference=entry["reference"],
        wanted={"ids": sorted(here)} if here else None,
        marked_at=None if here else timezone.now(),
    )
    away = [row for row in lost if (row[0], row[2]) not in set(here.values())]
    organization.tombstones.bulk_create(
        Tombstone(
            organization=organization,
            erasure=erasure,
            stream_id=stream_id,
            example_id=NO_NUMBER,
            key_digest=digest,
            media_digest=media,
        )
        for stream_id, _number, digest, media in away
    )
    organization.erasures.filter(pk=erasure.pk).update(n=len(away))
    record("erasure.replayed", organization=organization, subject=erasure, by=None, examples=len(lost))
    while erasure.wanted is not None:
        mark(erasure, by=None)
    enqueue("erasures.go_on", organization=organization, erasure_id=erasure.pk)
    return len(lost)


def forgotten(project: Project, rows: list[Any]) -> list[tuple[int, int, str, str]]:
    """The examples that were erased, and of which no tombstone says so any more."""
    streams = set(project.streams.values_list("pk", flat=True))
    digests = [row[2] for row in rows]
    known = set(
        project.organization.tombstones.filter(key_digest__in=digests).values_list("stream", "key_digest")
    )
    lost = {(row[0], row[2]): tuple(row) for row in rows if row[0] in streams}
    return [row for pair, row in lost.items() if pair not in known]


def still_here(
    project: Project, lost: list[tuple[int, int, str, str]]
) -> Iterator[tuple[int, tuple[int, str]]]:
    """Those that are here again: their numbers, each with (stream, digest). By key: numbers are given again."""
    wanted = {(row[0], row[2]) for row in lost}
    for stream in {row[0] for row in lost}:
        rows = project.organization.examples.filter(stream=stream).order_by("pk").values_list("pk", "key")
        for pk, key in rows.iterator(chunk_size=BATCH):
            pair = (stream, key_digest(project.organization, stream, key))
            if pair in wanted:
                yield pk, pair
