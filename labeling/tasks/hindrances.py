"""Why a person is given no tasks of a queue. The database decides, in the same breath as it claims."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labeling.queues.models import Queue
from teams.identity.models import User
from teams.identity.refused import Refused

HINDRANCE = "SELECT labeling_hindrance(%(organization)s, %(queue)s, %(user)s, %(now)s, %(today)s)"
SENTENCES: dict[str, str | Promise] = {
    "queue_paused": _("This queue is paused. It hands out no tasks until a manager resumes it."),
    "person_paused": _("A manager has paused your work here."),
    "reserved": _("This queue is kept for other people."),
    "unqualified": _("This queue takes a qualification that you do not have."),
    "daily_cap": _("You have given as many answers here today as one person may. More come tomorrow."),
}


def midnight() -> datetime:
    """When today began, where the installation counts its days."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def hindrance(*, user: User, queue: Queue) -> str | None:
    """The code of what keeps a person from being given tasks here; None if nothing does."""
    values: dict[str, Any] = {
        "organization": queue.organization_id,
        "queue": queue.pk,
        "user": user.pk,
        "now": timezone.now(),
        "today": midnight(),
    }
    with connection.cursor() as cursor:
        cursor.execute(HINDRANCE, values)
        [code] = cursor.fetchone()
    return code


def check_may_take(*, user: User, queue: Queue) -> None:
    """Raises Refused with what keeps a person from being given tasks of a queue."""
    code = hindrance(user=user, queue=queue)
    if code is not None:
        raise Refused(why(code, user, queue), code)


def why_not(*, user: User, queue: Queue) -> str:
    """The sentence of what keeps a person from being given tasks here; empty if nothing does."""
    try:
        check_may_take(user=user, queue=queue)
    except Refused as refused:
        return str(refused.sentence)
    return ""


def why(code: str, user: User, queue: Queue) -> str:
    """The sentence; with the reason, where somebody gave one."""
    if code == "person_paused":
        pauses = queue.organization.pauses.filter(Q(queue=None) | Q(queue=queue), user=user, ended_at=None)
        return " ".join([str(SENTENCES[code]), *pauses.values_list("reason", flat=True)[:1]])
    if code == "unqualified" and queue.requires is not None:
        words = _("This queue takes the qualification “%(name)s”, which you do not have.")
        return " ".join([str(words) % {"name": queue.requires.name}, queue.requires.text]).strip()
    return str(SENTENCES[code])
