"""An organization at a glance: every project open to the person, and how ready it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from labeling.tasks.waiting import capped
from projects.streams.models import Project
from slices.placements.models import Placement
from teams.access.tenancy import MemberRequest, member_page
from teams.desk.numbers import number

UP_TO = 10_000  # of each project; beyond it the landing page says "10,000+" instead of reading them all


@member_page()
def home(request: MemberRequest) -> HttpResponse:
    """One card a project; a constant number of queries."""
    open_projects = request.organization.projects.open_to(request.user, "projects.view_project")
    projects = list(with_readiness(open_projects, request))
    return render(
        request,
        "slices/home.html",
        {"cards": [card(request, row) for row in projects], "stats": stats(projects)},
    )


def with_readiness(projects: QuerySet[Project], request: MemberRequest) -> QuerySet[Project]:
    """Projects with what their card says."""
    organization = request.organization
    decisions = organization.decisions.filter(project=OuterRef("pk")).order_by("-id")
    waiting = organization.tasks.filter(queue__project=OuterRef("pk"), state="open")
    labels = organization.annotations.filter(queue__project=OuterRef("pk"), state="accepted")
    ended = organization.runs.filter(project=OuterRef("pk"), ended_at__isnull=False).order_by("-ended_at")
    due = organization.schedules.filter(project=OuterRef("pk"), state="active", next_due_at__isnull=False)
    return projects.annotate(
        outcome=Subquery(decisions.values("outcome")[:1]),
        waiting=capped(waiting, UP_TO),
        labels=capped(labels, UP_TO),
        last_run_at=Subquery(ended.values("ended_at")[:1]),
        next_run_at=Subquery(due.order_by("next_due_at").values("next_due_at")[:1]),
    ).prefetch_related(
        Prefetch("placements", queryset=organization.placements.order_by("name"), to_attr="places")
    )


def card(request: MemberRequest, project: Any) -> dict[str, Any]:
    """The arguments of one card."""
    return {
        "name": project.name,
        "description": project.description,
        "url": reverse(
            "project", kwargs={"organization": request.organization.slug, "project": project.slug}
        ),
        "stage": stage_of(project.places),
        "outcome": project.outcome or "",
        "figures": [
            (_("Tasks open"), summed([project.waiting])),
            (_("Labels accepted"), summed([project.labels])),
        ],
        "last_run_at": project.last_run_at,
        "next_run_at": project.next_run_at,
    }


def summed(counts: Iterable[int]) -> int | str:
    """The sum, with a plus where one of them was not counted to its end."""
    counts = list(counts)
    return f"{number(sum(counts))}+" if UP_TO in counts else sum(counts)


def stage_of(places: Iterable[Placement]) -> str:
    """The stage of the first placement, which stands for the project."""
    return next((place.stage for place in places), "")


def stats(projects: list[Any]) -> list[dict[str, Any]]:
    """The strip above the cards."""
    return [
        {"label": _("Projects"), "value": len(projects)},
        {"label": _("Tasks open"), "value": summed(row.waiting for row in projects)},
        {"label": _("Labels accepted"), "value": summed(row.labels for row in projects)},
    ]
