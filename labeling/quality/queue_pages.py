"""Pages about the quality of a queue's answers: how far people agree, what is hard, who needs a word, what it takes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from labeling.quality.actions import note_view
from labeling.quality.effort import by_day, by_model, in_all, without_people
from labeling.quality.measuring import more_to_tell
from labeling.quality.models import Agreement
from labeling.quality.overlap import Shared, confusion, hardest, shared_tasks
from labeling.quality.people import people_of
from labeling.quality.plots import agreement_over_time, answers_by_day, measure_name
from labeling.quality.views import for_managers
from labeling.queues.models import Queue
from projects.streams.doors import can, open_project
from teams.access.tenancy import MemberRequest, member_page
from teams.desk.export import FORMULA

ANSWERS, MANAGE, PEOPLE = "projects.view_answers_project", "projects.manage_project", "teams.view_people"
RELIABLE = 0.8  # Krippendorff's advice: rely on 0.8 and more, conclude tentatively from 2/3 on
COMPARED = 200  # tasks that a page compares while somebody waits for it
DAYS = 90


@require_safe
@member_page(ANSWERS)
def project_quality(request: MemberRequest, project: str) -> HttpResponse:
    """The queues of a project with their newest figures."""
    place = open_project(request, project, ANSWERS)
    queues = list(
        place.queues.filter(holds_imports=False).select_related("schema").order_by("name", "pk")[:200]
    )
    newest: dict[tuple[int, str], Agreement] = {}
    recent = request.organization.agreements.filter(queue__in=queues).order_by("queue_id", "question", "-day")
    for row in recent.distinct("queue_id", "question"):
        newest[row.queue_id, row.question] = row
    warned = request.organization.standings.filter(queue__in=queues, warned_at__isnull=False)
    counts = dict.fromkeys((queue.pk for queue in queues), 0)
    for queue_id in warned.values_list("queue", flat=True):
        counts[queue_id] += 1
    rows = [(queue, told(queue, newest), counts[queue.pk]) for queue in queues]
    context = {"project": place, "rows": rows, "can_manage": can(request, MANAGE, place)}
    return render(request, "labeling/quality/queues.html", context)


def told(queue: Queue, newest: dict[tuple[int, str], Agreement]) -> list[tuple[str, Agreement, str]]:
    """(title, figure, name of the measure) of the questions that have one."""
    found = [(row["title"], newest.get((queue.pk, row["name"]))) for row in queue.schema.questions]
    return [(title, figure, measure_name(figure.measure)) for title, figure in found if figure is not None]


def find_queue(request: MemberRequest, project: str, queue: str, verb: str = ANSWERS) -> Queue:
    """The queue at this address, or 404."""
    place = open_project(request, project, verb)
    rows = request.organization.queues.filter(project=place, holds_imports=False)
    return get_object_or_404(rows.select_related("schema", "stream", "project", "organization"), slug=queue)


@require_safe
@member_page(ANSWERS)
def queue_quality(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """Everything about one queue; the people of it where figures about people are for managers."""
    found, now = find_queue(request, project, queue), timezone.now()
    tasks = shared_tasks(found, now, COMPARED)
    days = by_day(found, now)
    shows_people = for_managers(request.organization) and request.membership.can(PEOPLE)
    if shows_people:
        note_view(organization=request.organization, of=None, by=request.user)
    asked, settled = without_people(found, now)
    context = {
        "project": found.project,
        "queue": found,
        "total": in_all(found, now),
        "asked": asked,
        "settled": settled,
        "chart": answers_by_day(days),
        "questions": [section(found, row, tasks) for row in found.schema.questions],
        "hardest": with_examples(found, hardest(found.schema.questions, tasks)),
        "shows_people": shows_people,
        "people": people_of(found, tasks, now) if shows_people else [],
        "models": by_model(found, now),
        "several": len(tasks),
        "can_manage": can(request, MANAGE, found.project),
    }
    return render(request, "labeling/quality/queue.html", context)


def section(queue: Queue, question: dict[str, Any], tasks: list[Shared]) -> dict[str, Any]:
    """What the page says of one question."""
    rows = list(queue.agreements.filter(question=question["name"]).order_by("-day")[:DAYS])[::-1]
    last = rows[-1] if rows else None
    pairs = confusion(question, tasks)
    apart = [(one, other, count) for (one, other), count in pairs.most_common() if one != other]
    return {
        "title": question["title"],
        "last": last,
        "measure": measure_name(last.measure) if last else "",
        "more": more_words(last) if last else "",
        "chart": agreement_over_time(question["title"], rows),
        "apart": [(one, other, count, count / pairs.total() * 100) for one, other, count in apart[:10]],
    }


def more_words(row: Agreement) -> str:
    """Whether the figure can be relied on, or how much more would tell."""
    more = more_to_tell(row, RELIABLE)
    if row.low is None:
        return _("One task says nothing yet.")
    if more == 0:
        words = (
            _("Reliable: surely %(level)s or more.")
            if row.value >= RELIABLE
            else _("Surely below %(level)s.")
        )
        return words % {"level": RELIABLE}
    if more is None:
        return _("Too close to %(level)s to be told.") % {"level": RELIABLE}
    words = _("About %(more)s more tasks with several answers would tell whether it is %(level)s.")
    return words % {"more": more, "level": RELIABLE}


def with_examples(queue: Queue, rows: list[tuple[Shared, float]]) -> list[dict[str, Any]]:
    """The hardest tasks with the keys of their examples and what was said."""
    examples = queue.organization.examples.filter(pk__in=[row.example for row, _share in rows])
    keys = dict(examples.values_list("pk", "key"))
    names = [
        row["name"]
        for row in queue.schema.questions
        if row["kind"] in ("choice", "boolean", "rating", "number")
    ]
    return [
        {
            "key": keys.get(row.example, ""),
            "example": row.example,
            "share": share * 100,
            "people": len(row.answers),
            "said": [", ".join(sorted(str(value) for value in row.of(name).values())) for name in names],
        }
        for row, share in rows
    ]


@require_safe
@member_page(ANSWERS)
def agreement_csv(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """The queue's figures of agreement, a line a question and day, newest first."""
    found = find_queue(request, project, queue)
    rows = found.agreements.order_by("-day", "question")
    head = ("day", "question", "measure", "value", "low", "high", "tasks", "answers")
    lines = ([getattr(row, name) for name in head] for row in rows[:10_000])
    return table(f"{found.slug}-agreement", head, lines)


@require_safe
@member_page(PEOPLE)
def people_csv(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """The queue's people, a line each; only where figures about people are for managers."""
    found, now = find_queue(request, project, queue), timezone.now()
    head = (
        "person",
        "email",
        "answers",
        "minutes",
        "seconds",
        "returned",
        "agreement",
        "score",
        "known",
        "warned",
    )
    if not for_managers(request.organization):
        raise Http404
    note_view(organization=request.organization, of=None, by=request.user)
    rows = people_of(found, shared_tasks(found, now, COMPARED), now)
    lines = (
        [
            row.member.user.name,
            row.member.user.email,
            row.effort.answers,
            round(row.effort.minutes, 1),
            row.effort.seconds,
            row.effort.returned,
            row.agreement,
            row.score,
            row.standing.measured if row.standing else 0,
            row.standing.warned_at.isoformat() if row.standing and row.standing.warned_at else "",
        ]
        for row in rows
    )
    return table(f"{found.slug}-people", head, lines)


def table(name: str, head: tuple[str, ...], lines: Iterator[list[Any]]) -> HttpResponse:
    """A CSV file; what a spreadsheet would run as a formula is quoted."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(answer)
    writer.writerow(head)
    writer.writerows([[plain(value) for value in line] for line in lines])
    return answer


def plain(value: Any) -> Any:
    """A cell."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
