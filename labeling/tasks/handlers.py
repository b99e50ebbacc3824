"""What arrives is routed; what is let go returns."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

from django.utils import timezone

from labeling.tasks.actions import rekey, reorder
from labeling.tasks.claiming import expire
from labeling.tasks.models import Lease, Task
from labeling.tasks.routing import route
from teams.events.actions import on
from teams.events.models import Event
from teams.identity.models import Organization
from teams.work.clock import due
from teams.work.jobs import after, enqueue, stepwise


@after("examples.received", name="tasks.route")
@after("predictions.received", name="tasks.route")
def route_batch(organization: Organization, event_id: int) -> None:
    """Offer what arrived to every active queue of its stream."""
    event = organization.events.get(pk=event_id)
    stream = organization.streams.get(pk=event.subject_id or 0)
    arrived = stream.examples.all()
    if "ids" in event.data:
        arrived = arrived.filter(pk__in=event.data["ids"])
    else:
        arrived = arrived.filter(pk__gte=event.data["first_id"], pk__lte=event.data["last_id"])
    example_ids = list(arrived.values_list("pk", flat=True))
    reorder(organization=organization, example_ids=example_ids)
    for queue in stream.queues.select_related("stream", "organization"):
        route(queue=queue, example_ids=example_ids, by=None)


@due("leases")
def let_go(at: datetime) -> int:
    """Leases that ran out give their places back."""
    return expire(at)


@on("member.deactivated")
def take_back(event: Event) -> None:
    """What somebody who is shut out held is over now; the clock gives the places to others."""
    organization = event.organization
    membership = organization.memberships.get(pk=event.subject_id or 0)
    states = (Lease.State.HELD, Lease.State.PUT_OFF)
    held = organization.leases.filter(user=membership.user_id, state__in=states)
    held.update(expires_at=timezone.now())
    meant = organization.tasks.filter(assigned_to=membership.user_id)
    meant.update(line=Task.Line.ANYBODY, assigned_to=None)


@on("queue.reordered")
def reordered(event: Event) -> None:
    """What waits already follows, some tasks at a time."""
    enqueue("tasks.rekey", organization=event.organization, queue_id=event.subject_id)


@stepwise("tasks.rekey")
def put_in_order(organization: Organization, queue_id: int) -> Generator[None, None, None]:
    """Bring a queue's open tasks into the order that it has now."""
    queue = organization.queues.filter(pk=queue_id).first()
    while queue is not None and rekey(queue=queue):
        yield
