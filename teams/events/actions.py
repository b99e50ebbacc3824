"""`record()` says that something happened; `on()` says what else happens in the same breath."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
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
