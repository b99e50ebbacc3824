"""How people do in a queue: effort, agreement with the others, score on known answers, and what they take for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labeling.quality.agreement.measuring import alike, mean
from labeling.quality.effort import NOTHING, Effort, by_person
from labeling.quality.figures import since
from labeling.quality.models import GoldAnswer, Standing
from labeling.quality.overlap import Shared, word
from labeling.queues.models import Queue
from projects.schemas.answers import ONE_WORD
from teams.identity.models import Membership, Organization, User

MOST = 200  # people, and known answers of one


@dataclass(frozen=True, slots=True)
class Row:
    """One person in a queue. `agreement`: how alike their answers are to those of others on the same tasks, 0 to 1."""

    member: Membership
    effort: Effort
    agreement: float | None
    standing: Standing | None

    @property
    def score(self) -> float | None:
        """On known answers, in percent."""
        return None if self.standing is None or self.standing.score is None else self.standing.score * 100


@dataclass(frozen=True, slots=True)
class Mistake:
    """What somebody took for what on known answers: how often, and since when."""

    queue: Queue
    title: str
    known: str
    given: str
    count: int
    since: datetime
    last: datetime


def people_of(queue: Queue, tasks: list[Shared], at: datetime) -> list[Row]:
    """Everybody who answered lately or is measured; the lowest score first, then by name."""
    spent = by_person(queue, at)
    standings = {row.user_id: row for row in queue.organization.standings.filter(queue=queue)}
    agreed = agreement_with_others(queue.schema.questions, tasks)
    members = queue.organization.memberships.filter(user__in=set(spent) | set(standings)).select_related(
        "user"
    )
    rows = [
        Row(one, spent.get(one.user_id, NOTHING), agreed.get(one.user_id), standings.get(one.user_id))
        for one in members.order_by("user__name", "pk")[:MOST]
    ]
    return sorted(rows, key=lambda row: 101.0 if row.score is None else row.score)


def agreement_with_others(questions: list[dict[str, Any]], tasks: list[Shared]) -> dict[int, float]:
    """{user id: mean likeness of their answers to those of others}, over all questions of shared tasks."""
    found: dict[int, list[float]] = {}
    for task in tasks:
        for person, answer in task.answers.items():
            others = [other for one, other in task.answers.items() if one != person]
            shares = [
                alike(row, answer.get(row["name"]), other.get(row["name"]))
                for row in questions
                for other in others
            ]
            found.setdefault(person, []).extend(shares)
    return {person: share for person, shares in found.items() if (share := mean(shares)) is not None}


def measured_answers(organization: Organization, user: User, at: datetime) -> list[GoldAnswer]:
    """A person's answers to known ones for as long as figures are kept, oldest first."""
    mine = organization.gold_answers.filter(user=user, at__gte=since(organization, at))
    newest = mine.select_related("gold", "annotation", "queue__schema", "queue__project").order_by("-pk")[
        :MOST
    ]
    return list(newest)[::-1]


def mistakes(rows: Sequence[GoldAnswer]) -> list[Mistake]:
    """What a person takes for what, the most frequent first; only where one word answers."""
    counts: Counter[tuple[int, str, str, str]] = Counter()
    moments: dict[tuple[int, str, str, str], list[datetime]] = {}
    queues = {row.queue_id: row.queue for row in rows}
    for row in rows:
        for question in row.queue.schema.questions:
            known, given = (source.answer.get(question["name"]) for source in (row.gold, row.annotation))
            if question["kind"] in ONE_WORD and known is not None and given is not None and known != given:
                key = (row.queue_id, question["title"], word(known), word(given))
                counts[key] += 1
                moments.setdefault(key, []).append(row.at)
    return [
        Mistake(queues[key[0]], *key[1:], count, min(moments[key]), max(moments[key]))
        for key, count in counts.most_common(20)
    ]
