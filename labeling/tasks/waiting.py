"""How much waits for a person, counted no further than anybody reads."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef, Q, QuerySet

from labeling.queues.models import Queue
from labeling.tasks.models import Lease, Task
from teams.identity.models import Organization, User

UP_TO = 100


class Length(Func):
    """How many values an array has."""

    function = "cardinality"
    output_field = IntegerField()


def capped(rows: QuerySet[Any], up_to: int = UP_TO) -> Length:
    """The number of rows of a subquery, at most `up_to`: the rest is not even looked at."""
    return Length(ArraySubquery(rows.order_by().values("pk")[:up_to]))


def with_waiting(queues: QuerySet[Queue], organization: Organization, user: User) -> QuerySet[Queue]:
    """Each queue with `waiting`, what this person could take, and `returned`, what was given back to them."""
    teams = organization.team_members.filter(membership__user=user).values("team")
    ready = organization.tasks.filter(
        Q(line=Task.Line.ANYBODY)
        | Q(assigned_to=user)
        | Q(line=Task.Line.ESCALATED, queue__escalation_team__in=teams),
        queue=OuterRef("pk"),
        state=Task.State.OPEN,
        open_slots__gt=0,
    ).exclude(people__contains=[user.pk])
    returned = organization.leases.filter(user=user, state=Lease.State.RETURNED, queue=OuterRef("pk"))
    return queues.annotate(waiting=capped(ready), returned=capped(returned))
