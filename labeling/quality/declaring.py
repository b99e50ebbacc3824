"""Declaring and ending checks of answers, and heeding them when an answer is given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.answers.actions import HEEDED, Heed, Met, Note
from labeling.answers.models import Annotation
from labeling.quality.effort import WINDOW
from labeling.quality.heuristics import CHECKS, Given
from labeling.quality.models import Heuristic, HeuristicHit
from labeling.queues.models import Queue
from labeling.tasks.models import SelectedBy, Task
from projects.streams.models import Project
from teams.access.problems import FieldError
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

REASON = "/reason"
LONGEST_REASON = 1000


@transaction.atomic
def declare(
    *,
    project: Project,
    name: str,
    looks_for: str,
    question: str,
    limits: Mapping[str, Any],
    effect: str,
    by: User | None,
) -> Heuristic:
    """Use a check from now on; of a name in use it is the next version. Raises Refused where it fits nothing."""
    check_fits(project, looks_for, question, limits)
    organization, now = project.organization, timezone.now()
    organization.projects.select_for_update(no_key=True).get(pk=project.pk)  # two at once get two versions
    named = organization.heuristics.filter(project=project, name=name)
    last = named.order_by("-version").first()
    named.filter(ended_at=None).update(ended_at=now)
    made = organization.heuristics.create(
        project=project,
        name=name,
        version=last.version + 1 if last else 1,
        looks_for=looks_for,
        question=question,
        limits=dict(limits),
        effect=effect,
    )
    record("check.declared", organization=organization, subject=made, by=by, version=made.version)
    return made


@transaction.atomic
def end(*, heuristic: Heuristic, by: User | None) -> None:
    """Use it no more; what it met stays."""
    organization = heuristic.organization
    if organization.heuristics.filter(pk=heuristic.pk, ended_at=None).update(ended_at=timezone.now()):
        record("check.ended", organization=organization, subject=heuristic, by=by, version=heuristic.version)


def check_fits(project: Project, looks_for: str, question: str, limits: Mapping[str, Any]) -> None:
    """Whether there is such a check, of a question that the project asks, with limits of its kinds."""
    check = CHECKS.get(looks_for)
    if check is None:
        raise Refused(_("There is no such check."), "unknown", 422)
    if {name: type(value) for name, value in limits.items()} != check.limits:
        raise Refused(_("Say each limit of this check."), "limits", 422)
    kinds = {row["name"]: row["kind"] for row in questions_of(project)}
    if check.kinds and kinds.get(question) not in check.kinds:
        raise Refused(_("This check does not fit that question."), "question", 422)
    if "other" in limits and limits["other"] not in kinds:
        raise Refused(_("The project asks no such other question."), "question", 422)


def questions_of(project: Project) -> list[dict[str, Any]]:
    """What the project asks by its newest schema."""
    schema = project.organization.label_schemas.filter(project=project).order_by("-version").first()
    return schema.questions if schema else []


def in_use(project_id: int, organization: Any) -> QuerySet[Heuristic]:
    """The checks that answers of a project meet now."""
    rows: QuerySet[Heuristic] = organization.heuristics.filter(project=project_id, ended_at=None)
    return rows


def with_hits(project: Project) -> QuerySet[Heuristic]:
    """The project's checks, those in use first: how often each refused, how often a reason was given, of how many.

    All of it in the last days of WINDOW.
    """
    organization, since = project.organization, timezone.now() - WINDOW
    said = organization.annotations.filter(
        queue__project=project,
        source=Annotation.Source.PERSON,
        at__gte=Greatest(OuterRef("created_at"), Value(since)),
        at__lt=Coalesce(OuterRef("ended_at"), Now()),
    )
    lately = Q(hits__at__gte=since)
    answers = said.order_by().values("source").annotate(n=Count("pk")).values("n")
    rows = organization.heuristics.filter(project=project).annotate(
        refused=Count("hits", filter=lately & Q(hits__annotation=None)),
        explained=Count("hits", filter=lately & Q(hits__annotation__isnull=False)),
        answers=Coalesce(Subquery(answers), 0),
    )
    return rows.order_by(F("ended_at").desc(nulls_first=True), "name", "-version")


def heeding(queue: Queue) -> Heed:
    """What looks at answers in a queue: its checks are read once, when the first answer needs them."""
    return partial(heed, in_use(queue.project_id, queue.organization))


HEEDED.append(heeding)


def heed(
    checks: QuerySet[Heuristic],
    task: Task,
    answer: dict[str, Any],
    active_s: float | None,
    reason: str,
    by: User,
) -> Note | None:
    """Raises Met where a check refuses an answer or its reason is missing; else what to note once it is kept.

    Asks are let through, for a pipeline waits for them; tasks whose answer is known are not, or they could be told.
    """
    if task.selected_by == SelectedBy.ASK:
        return None
    given = reason.strip()[:LONGEST_REASON]
    met = [row for row in checks if is_odd(row, answer, active_s)]
    refusing = [row for row in met if row.effect == Heuristic.Effect.BLOCK or not given]

    def note(annotation: Annotation | None) -> None:
        rows = met if annotation else refusing
        HeuristicHit.objects.bulk_create(
            HeuristicHit(
                organization_id=task.organization_id,
                heuristic=row,
                task_id=task.pk,
                annotation=annotation,
                user=by,
                reason=given if annotation else "",
            )
            for row in rows
        )

    if refusing:
        raise Met([said_of(row) for row in refusing], lambda: note(None))
    return note if met else None


def said_of(row: Heuristic) -> FieldError:
    """What a check says, at its question, or where a reason is missing."""
    sentence = str(CHECKS[row.looks_for].sentence)
    if row.effect == Heuristic.Effect.BLOCK:
        return FieldError(f"/answer/{row.question}" if row.question else "", "met_check", sentence)
    return FieldError(REASON, "reason_wanted", " ".join([sentence, _("If it is right, say why.")]))


def is_odd(row: Heuristic, answer: Mapping[str, Any], active_s: float | None) -> bool:
    """Whether an answer meets one check."""
    return CHECKS[row.looks_for].is_odd(Given(answer, active_s, row.question), row.limits)
