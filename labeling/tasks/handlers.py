"""What arrives is routed; what is let go returns."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from labeling.tasks.actions import reorder
from labeling.tasks.claiming import expire
from labeling.tasks.models import Lease
from labeling.tasks.routing import route
from teams.events.actions import on
from teams.events.models import Event
from teams.identity.models import Organization
from teams.work.clock import due
from teams.work.jobs import after


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
    held = organization.leases.filter(user=membership.user_id, state=Lease.State.HELD)
    held.update(expires_at=timezone.now())
