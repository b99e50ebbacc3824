"""An organization at a glance: every project open to the person, and how ready it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from projects.streams.models import Project
from slices.placements.models import Placement
from teams.access.tenancy import MemberRequest, member_page


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
    waiting = (
        organization.tasks.filter(queue__project=OuterRef("pk"), state="open")
        .order_by()
        .values("queue__project")
    )
    labels = organization.annotations.filter(queue__project=OuterRef("pk"), state="accepted").order_by()
    return projects.annotate(
        outcome=Subquery(decisions.values("outcome")[:1]),
        waiting=Subquery(waiting.annotate(n=Count("pk")).values("n")),
        labels=Subquery(labels.values("queue__project").annotate(n=Count("pk")).values("n")),
        last_run_at=Max("runs__ended_at"),
        next_run_at=Min("schedules__next_due_at", filter=Q(schedules__state="active")),
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
        "figures": [(_("Tasks open"), project.waiting or 0), (_("Labels accepted"), project.labels or 0)],
        "last_run_at": project.last_run_at,
        "next_run_at": project.next_run_at,
    }


def stage_of(places: Iterable[Placement]) -> str:
    """The stage of the first placement, which stands for the project."""
    return next((place.stage for place in places), "")


def stats(projects: list[Any]) -> list[dict[str, Any]]:
    """The strip above the cards."""
    return [
        {"label": _("Projects"), "value": len(projects)},
        {"label": _("Tasks open"), "value": sum(row.waiting or 0 for row in projects)},
        {"label": _("Labels accepted"), "value": sum(row.labels or 0 for row in projects)},
    ]
