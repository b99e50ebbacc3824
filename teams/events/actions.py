"""`record()` says that something happened; `on()` says what else happens in the same breath."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction
from django.utils.functional import Promise

from teams.events import origin
from teams.events.models import Event
from teams.events.origin import Origin
from teams.identity.models import Organization, User

Subscriber = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event: its name, and the sentence in which people read it."""

    name: str
    sentence: str | Promise


KINDS: dict[str, Kind] = {}
_subscribers: defaultdict[str, list[Subscriber]] = defaultdict(list)


def register(*kinds: Kind) -> None:
    """Make kinds known; each app does it when it is ready."""
    KINDS.update({kind.name: kind for kind in kinds})


def on(kind: str) -> Callable[[Subscriber], Subscriber]:
    """Run a function inside the recording transaction: for count deltas, opening tasks, writing a Job."""

    def subscribe(subscriber: Subscriber) -> Subscriber:
        _subscribers[kind].append(subscriber)
        return subscriber

    return subscribe


# Every action records something, so it is one round trip and no savepoint of its own.
RECORD = """
WITH happened AS (
    INSERT INTO teams_event (organization_id, kind, by_id, token_id, subject_type, subject_id, data, at)
    VALUES (%(organization)s, %(kind)s, %(by)s, %(token)s, %(subject_type)s, %(subject)s, %(data)s::jsonb, %(at)s)
    RETURNING id
)
INSERT INTO teams_eventdetail (organization_id, event_id, address, agent, digest)
SELECT %(organization)s, id, %(address)s::inet, %(agent)s, '' FROM happened
RETURNING event_id
"""


@transaction.atomic(savepoint=False)
def record(
    kind: str,
    *,
    organization: Organization,
    subject: models.Model | None = None,
    by: User | None,
    **data: Any,
) -> Event:
    """Write what happened and, through its subscribers, the work that it causes.

    All of it belongs to the caller's transaction: roll back, and nothing was said.
    """
    if kind not in KINDS:
        raise LookupError(f"{kind!r} is not a registered kind of event")
    came = origin.current()
    event = Event(
        organization=organization,
        kind=kind,
        by=by,
        token_id=came.token_id,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        data=data,
    )
    write(event, came)
    for subscriber in _subscribers[kind]:
        subscriber(event)
    return event


def write(event: Event, came: Origin) -> None:
    """An event and where it came from."""
    values: dict[str, Any] = {
        "organization": event.organization_id,
        "kind": event.kind,
        "by": event.by_id,
        "token": event.token_id,
        "subject_type": event.subject_type,
        "subject": event.subject_id,
        "data": json.dumps(event.data),
        "at": event.at,
        "address": came.address,
        "agent": came.agent,
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD, values)
        [event.pk] = cursor.fetchone()
    event._state.adding, event._state.db = False, connection.alias


# As many of one kind as were done at once: each on record by itself, all in one round trip.
RECORD_EACH = """
WITH happened AS (
    INSERT INTO teams_event (organization_id, kind, by_id, token_id, subject_type, subject_id, data, at)
    SELECT %(organization)s, %(kind)s, %(by)s, %(token)s, %(subject_type)s, done.subject, done.data, %(at)s
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS done (subject bigint, data jsonb)
    RETURNING id, subject_id
), noted AS (
    INSERT INTO teams_eventdetail (organization_id, event_id, address, agent, digest)
    SELECT %(organization)s, id, %(address)s::inet, %(agent)s, '' FROM happened
)
SELECT id, subject_id FROM happened
"""


@transaction.atomic(savepoint=False)
def record_each(
    kind: str,
    *,
    organization: Organization,
    subjects: Sequence[tuple[models.Model, dict[str, Any]]],
    by: User | None,
) -> None:
    """`record()` for each of these subjects, which are of one model, with its data; one statement for all."""
    if kind not in KINDS:
        raise LookupError(f"{kind!r} is not a registered kind of event")
    if not subjects:
        return
    came, subject_type = origin.current(), subjects[0][0]._meta.label_lower
    events = {
        subject.pk: Event(
            organization=organization,
            kind=kind,
            by=by,
            token_id=came.token_id,
            subject_type=subject_type,
            subject_id=subject.pk,
            data=data,
        )
        for subject, data in subjects
    }
    values: dict[str, Any] = {
        "organization": organization.pk,
        "kind": kind,
        "by": by.pk if by else None,
        "token": came.token_id,
        "subject_type": subject_type,
        "rows": json.dumps([{"subject": pk, "data": one.data} for pk, one in events.items()]),
        "at": next(iter(events.values())).at,
        "address": came.address,
        "agent": came.agent,
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD_EACH, values)
        for pk, subject in cursor.fetchall():
            events[subject].pk = pk
    for event in events.values():
        event._state.adding, event._state.db = False, connection.alias
        for subscriber in _subscribers[kind]:
            subscriber(event)
