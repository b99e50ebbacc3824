"""What ends by itself: leases of reviewers, and tasks that wait for somebody who is gone."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from labeling.reviews.claiming import forget
from labeling.reviews.issues import mend
from labeling.tasks.models import Lease, Task
from teams.events.actions import on
from teams.events.models import Event
from teams.work.clock import due


@due("review-leases")
def forget_leases(at: datetime) -> int:
    """What was before a reviewer too long is before nobody."""
    return forget(at)


@due("issues")
def mend_issues(at: datetime) -> int:
    """Issues whose new label is accepted are resolved by it."""
    return mend(at)


@on("member.deactivated")
def ask_others(event: Event) -> None:
    """What was returned to somebody who is shut out goes to somebody else; whom they had before them is free."""
    organization = event.organization
    user = organization.memberships.get(pk=event.subject_id or 0).user_id
    organization.review_leases.filter(reviewer=user).delete()
    returned = organization.leases.filter(user=user, state=Lease.State.RETURNED)
    tasks = list(returned.select_for_update(no_key=True).order_by("pk").values_list("task", flat=True))
    returned.update(state=Lease.State.EXPIRED, token=F("token") + 1, ended_at=timezone.now(), note="")
    organization.tasks.filter(pk__in=tasks, state=Task.State.OPEN).update(open_slots=F("open_slots") + 1)
