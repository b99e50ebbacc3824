"""The rolling score of a person in a queue, and what follows when it falls: a warning, then a pause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.quality.models import GoldAnswer, Standing
from labeling.queues.models import Queue
from labeling.queues.people import pause_person
from teams.events.actions import record
from teams.identity.models import User

FEWEST = 3  # known answers before anything is said of anybody
GRACE = 3  # known answers after a warning before a pause


@transaction.atomic
def follow_score(*, queue: Queue, user: User) -> Standing:
    """Find the score anew and warn, pause or let off."""
    organization, now = queue.organization, timezone.now()
    organization.standings.get_or_create(queue=queue, user=user)
    standing = organization.standings.select_for_update(no_key=True).get(queue=queue, user=user)
    looked_at = recent(queue, user)
    standing.score, standing.scores = mean_of(looked_at), by_question(looked_at)
    standing.measured, standing.found_at = len(looked_at), now
    if queue.gold_floor is not None and len(looked_at) >= FEWEST:
        judge(standing, queue, looked_at, now)
    standing.save()
    return standing


def recent(queue: Queue, user: User) -> list[GoldAnswer]:
    """The person's last known answers in the queue, newest first; those before a pause ended are forgiven."""
    mine = queue.organization.gold_answers.filter(queue=queue, user=user)
    ended = queue.organization.pauses.filter(queue=queue, user=user, ended_at__isnull=False)
    last = ended.order_by("-ended_at").values_list("ended_at", flat=True).first()
    if last is not None:
        mine = mine.filter(at__gt=last)
    return list(mine.order_by("-pk")[: queue.gold_window])


def mean_of(rows: Sequence[GoldAnswer]) -> float | None:
    """The mean score."""
    return sum(row.score for row in rows) / len(rows) if rows else None


def by_question(rows: Sequence[GoldAnswer]) -> dict[str, float]:
    """{question: mean score}."""
    found: dict[str, list[float]] = {}
    for row in rows:
        for name, score in row.scores.items():
            found.setdefault(name, []).append(score)
    return {name: sum(scores) / len(scores) for name, scores in found.items()}


def judge(standing: Standing, queue: Queue, rows: Sequence[GoldAnswer], now: datetime) -> None:
    """What the score leads to."""
    floor, score = queue.gold_floor or 0.0, standing.score or 0.0
    if score * 100 >= floor:
        if standing.warned_at is not None:
            standing.warned_at = None
            record(
                "person.recovered",
                organization=queue.organization,
                subject=queue,
                by=None,
                user=standing.user_id,
            )
    elif standing.warned_at is None:
        standing.warned_at = now
        record(
            "person.warned", organization=queue.organization, subject=queue, by=None, user=standing.user_id
        )
    elif sum(row.at > standing.warned_at for row in rows) >= GRACE:
        standing.warned_at = None
        pause(standing, queue)


def pause(standing: Standing, queue: Queue) -> None:
    """Give the person nothing more of this queue until a manager ends it; nobody is paused who has left."""
    organization = queue.organization
    if organization.memberships.active().people().filter(user=standing.user_id).exists():
        reason = _("Too few of your last answers to tasks whose answer is known were right.")
        pause_person(organization=organization, user=standing.user, queue=queue, reason=reason, by=None)
