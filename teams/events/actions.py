"""`record()` says that something happened; `on()` says what else happens in the same breath."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils.functional import Promise

from teams.events import origin
from teams.events.models import Event
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


@transaction.atomic
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
    event = organization.events.create(
        kind=kind,
        by=by,
        token_id=came.token_id,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        data=data,
    )
    organization.event_details.create(event=event, address=came.address, agent=came.agent)
    for subscriber in _subscribers[kind]:
        subscriber(event)
    return event
