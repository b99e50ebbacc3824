"""The audit's chain: events are sealed after they are committed, and whoever checks finds what was changed since."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator

from django.db import connection, transaction

from teams.events.models import Event, EventDetail
from teams.identity.models import Organization

AT_ONCE = 500
LOCK = 0x51_1C_E5_EA  # one sealer at a time, whoever it is
BEGIN = "0" * 64


def line(event: Event) -> bytes:
    """What is sealed of an event: everything but where it came from."""
    parts = [
        event.pk,
        event.organization_id,
        event.kind,
        event.by_id,
        event.token_id,
        event.subject_type,
        event.subject_id,
        event.data,
        event.at.isoformat(),
    ]
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def link(before: str, event: Event) -> str:
    """The digest of an event behind the digest before it."""
    return hashlib.sha256(before.encode() + line(event)).hexdigest()


@transaction.atomic
def seal() -> int:
    """Give committed events their place in their organization's chain, oldest first; how many there were.

    An event whose transaction ends late is sealed late: the place says when it became known, not its number.
    """
    if not alone():
        return 0
    waiting = list(EventDetail.objects.unsealed().select_related("event").order_by("event")[:AT_ONCE])
    chains: defaultdict[int, list[EventDetail]] = defaultdict(list)
    for detail in waiting:
        chains[detail.organization_id].append(detail)
    for organization_id, details in chains.items():
        extend(organization_id, details)
    EventDetail.objects.bulk_update(waiting, ["position", "digest"])
    return len(waiting)


def alone() -> bool:
    """Whether nobody else is sealing; true until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        (got,) = cursor.fetchone()
    return bool(got)


def extend(organization_id: int, details: list[EventDetail]) -> None:
    """Put these at the end of a chain."""
    sealed = EventDetail.objects.filter(organization_id=organization_id, position__isnull=False)
    last = sealed.order_by("-position").first()
    position, digest = (last.position or 0, last.digest) if last else (0, BEGIN)
    for detail in details:
        position, digest = position + 1, link(digest, detail.event)
        detail.position, detail.digest = position, digest


def broken(organization: Organization) -> Iterator[str]:
    """A sentence for every place where the chain does not hold, and for every event that stands beside it."""
    before, expected = BEGIN, 1
    sealed = organization.event_details.filter(position__isnull=False).order_by("position")
    events = Event.objects.in_bulk  # by number, because a removed event leaves its detail behind
    for page in pages(sealed):
        found = events([detail.event_id for detail in page])
        for detail in page:
            if detail.position != expected:
                yield f"Place {expected} is empty: {(detail.position or 0) - expected} events are gone."
            event = found.get(detail.event_id)
            if event is None:
                yield f"Event {detail.event_id} at place {detail.position} is gone."
            elif link(before, event) != detail.digest:
                yield f"Event {detail.event_id} at place {detail.position} is not what was sealed."
            before, expected = detail.digest, (detail.position or 0) + 1
    alone_standing = organization.events.filter(detail=None).values_list("pk", flat=True)
    yield from (f"Event {pk} has no place in the chain." for pk in alone_standing)


def pages(sealed: object) -> Iterator[list[EventDetail]]:
    """The chain in order, a thousand at a time."""
    page: list[EventDetail] = []
    for detail in sealed.iterator(1000):  # type: ignore[attr-defined]
        page.append(detail)
        if len(page) == 1000:
            yield page
            page = []
    if page:
        yield page


def head(organization: Organization) -> tuple[int, str]:
    """(how many events are sealed, the last digest): what one writes down elsewhere to prove it later."""
    last = organization.event_details.filter(position__isnull=False).order_by("-position").first()
    return (last.position or 0, last.digest) if last else (0, BEGIN)
