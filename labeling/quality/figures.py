"""Figures about a person: how much, how fast, how often given back. As far back as the organization keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate

from labeling.answers.models import Annotation
from teams.identity.models import Organization, User


class Median(models.Aggregate):
    """The middle of the values; NULL of none. PostgreSQL's `percentile_cont`."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = models.FloatField()


@dataclass(frozen=True, slots=True)
class Figures:
    """What somebody did: `seconds` is the median time before an answer, None where none was measured."""

    answers: int
    returned: int
    seconds: float | None


NOTHING = Figures(0, 0, None)
MEASURES = {
    "answers": Count("id"),
    "given_back": Count("id", filter=Q(state=Annotation.State.RETURNED)),
    "seconds": Median("active_s"),
}


def since(organization: Organization, at: datetime) -> datetime:
    """How far back figures are kept."""
    return at - timedelta(days=organization.figures_kept_days)


def answers_of_people(organization: Organization, at: datetime) -> models.QuerySet[Annotation]:
    """What people answered themselves in the time that figures are kept for."""
    kept = organization.annotations.filter(source=Annotation.Source.PERSON, at__gte=since(organization, at))
    return kept.filter(author__isnull=False)


def by_day(organization: Organization, user: User, at: datetime) -> dict[date, Figures]:
    """One person's figures, {day: figures}, newest first; days without an answer are left out."""
    mine = answers_of_people(organization, at).filter(author=user).order_by()
    rows = mine.annotate(day=TruncDate("at")).values("day").annotate(**MEASURES).order_by("-day")
    return {row["day"]: figures(row) for row in rows}


def in_all(organization: Organization, user: User, at: datetime) -> Figures:
    """One person's figures over the whole time."""
    return figures(answers_of_people(organization, at).filter(author=user).aggregate(**MEASURES))


def of_everybody(organization: Organization, at: datetime) -> dict[int, Figures]:
    """{user id: figures} of everybody who answered."""
    rows = answers_of_people(organization, at).order_by().values(person=F("author_id")).annotate(**MEASURES)
    return {row["person"]: figures(row) for row in rows}


def figures(row: Any) -> Figures:
    """A row of measures."""
    return Figures(row["answers"], row["given_back"], row["seconds"])
