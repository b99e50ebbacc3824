"""What keeps counts fresh: notes are folded several times a second, new meanings counted, sums checked every day."""

from __future__ import annotations

import logging

from slices.definitions.actions import current
from slices.definitions.freshness import check_daily, count_again, fold_all
from slices.definitions.recounting import begin, check
from teams.events.actions import on, record
from teams.events.models import Event
from teams.identity.models import Organization
from teams.work.clock import due
from teams.work.jobs import enqueue, job

log = logging.getLogger(__name__)

due("slice counts")(fold_all)
due("slice recounts")(count_again)
due("slice checks")(check_daily)


@on("slice.created")
@on("slice.changed")
def count_soon(event: Event) -> None:
    """A new meaning is counted from nothing."""
    enqueue("slices.count", organization=event.organization, slice_id=event.subject_id)


@on("stream.split_changed")
def count_all_soon(event: Event) -> None:
    """Other splits, other members: every slice of the stream is counted from nothing."""
    for slice_id in event.organization.slices.filter(stream=event.subject_id).values_list("pk", flat=True):
        enqueue("slices.count", organization=event.organization, slice_id=slice_id)


@job("slices.count", long=True)
def count_slice(organization: Organization, slice_id: int) -> None:
    """Begin to count what a slice means now."""
    found = organization.slices.filter(pk=slice_id).first()
    if found is not None:
        begin(current(found))


@job("slices.check", long=True)
def check_slice(organization: Organization, version_id: int) -> None:
    """Hold a live sum against a counting from nothing; mend it and say so if it was wrong."""
    versions = organization.slice_versions.select_related("slice__stream", "organization")
    version = versions.filter(pk=version_id, counting__is_live=True).first()
    wrong = check(version, mend=True) if version else []
    if version and wrong:
        log.error("slice version %s was counted wrong on %s days", version.pk, len(wrong))
        off = sum(difference.found[0] - difference.kept[0] for difference in wrong)
        record(
            "slice.miscounted",
            organization=organization,
            subject=version.slice,
            by=None,
            days=len(wrong),
            off=off,
        )
