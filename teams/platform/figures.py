"""What operators see of an installation: how many, how lately; never what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from teams.events.models import Event
from teams.identity.models import Organization, User
from teams.platform.kinds import VIEWED
from teams.work import beats
from teams.work.models import Job

PEOPLE = Q(
    memberships__is_active=True, memberships__user__is_active=True, memberships__user__is_service=False
)

# The processes that give signs of life, in the order in which work passes through them.
PROCESSES = {
    "clock": _("Clock: makes what is due"),
    "worker": _("Worker: does short jobs"),
    "jobs": _("Jobs: does long jobs"),
}
STATES = (Job.State.QUEUED, Job.State.RUNNING, Job.State.DEAD)


@dataclass(frozen=True)
class Sign:
    """A process and the seconds since its last sign of life; None when it never gave one."""

    label: str | Promise
    age: float | None


def with_figures(organizations: QuerySet[Organization]) -> QuerySet[Any]:
    """With `n_members`, the people in it, and `last_event_at`, when something last happened there.

    That an operator looked at it is no sign of life of an organization.
    """
    events = Event.objects.filter(organization=OuterRef("pk")).exclude(kind=VIEWED).order_by("-id")
    return organizations.annotate(
        n_members=Count("memberships", filter=PEOPLE), last_event_at=Subquery(events.values("at")[:1])
    )


def with_memberships(people: QuerySet[User]) -> QuerySet[Any]:
    """With `n_organizations`, where they are active members."""
    return people.annotate(n_organizations=Count("memberships", filter=Q(memberships__is_active=True)))


def counts() -> dict[str, int]:
    """How many organizations and people there are."""
    organizations = Organization.objects.aggregate(all=Count("pk"), closed=Count("pk", Q(is_active=False)))
    people = User.objects.people().aggregate(all=Count("pk"), out=Count("pk", Q(is_active=False)))
    return {
        "organizations": organizations["all"],
        "closed": organizations["closed"],
        "people": people["all"],
        "deactivated": people["out"],
    }


def jobs() -> dict[str, int]:
    """How many jobs wait, run and have given up; a count for each state, because each has an index of its own."""
    return {str(state): Job.objects.filter(state=state).count() for state in STATES}


def signs() -> list[Sign]:
    """Every process, also one that never gave a sign of life, and whatever else gave one."""
    ages = beats.ages()
    known = [Sign(label, ages.pop(name, None)) for name, label in PROCESSES.items()]
    return known + [Sign(name, age) for name, age in ages.items()]
