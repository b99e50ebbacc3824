"""Runs: which there were, and how each went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.streams.doors import can, do, open_project, why_refused
from projects.streams.models import Project
from slices.runs.actions import cancel, check_cancel
from slices.runs.made_of import counted, is_counted, people, schemas
from slices.runs.mended import mended_in
from slices.runs.models import Evaluation, Run
from slices.runs.saying import attempt_of, said
from slices.snapshots.grades import Grade, grade_of, graded
from slices.snapshots.saying import spoken
from slices.snapshots.suspecting import suspicions_of
from teams.access.addressed import older
from teams.access.tenancy import MemberRequest, member_page

SHOWN = 50
FACTS = 20
MOST = 50_000  # members that are counted while somebody waits for the page


def find(project: Project, pk: int) -> Run:
    """The run at this address, or 404."""
    rows = project.runs.select_related(
        "organization", "model_version", "snapshot", "eval_snapshot", "slice_version__slice"
    )
    return get_object_or_404(rows, pk=pk)


@require_safe
@member_page("projects.view_project")
def runs(request: MemberRequest, project: str) -> HttpResponse:
    """The newest runs of a project; `?before=` goes back in time."""
    place = open_project(request, project)
    before = request.GET.get("before", "")
    rows = place.runs.select_related("model_version").order_by("-pk")
    found = list(older(rows, request.GET)[: SHOWN + 1])
    context = {
        "project": place,
        "runs": found[:SHOWN],
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
        "newest_url": "?" if before else "",
    }
    return render(request, "slices/runs/runs.html", context)


@require_safe
@member_page("projects.view_project")
def run_page(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """One run: what it works on, its attempts, what came of it."""
    place = open_project(request, project)
    found = find(place, pk)
    evaluations = list(found.evaluations.select_related("model_version").order_by("pk"))
    context = {
        "project": place,
        "run": found,
        "said": said(found),
        "attempt_of": attempt_of(found),
        "going": found.state not in Run.ENDED,
        "attempts": found.attempts.order_by("number"),
        "evaluations": evaluations,
        "classes": classes_of(evaluations),
        "grades": (grades := grades_of(found)),
        "made_of": made_of_panel(request, place, found, grades.get("train")),
        "mended": mended_in(found.snapshot, grades.get("train")),
        "funnel": spoken(found.report.get("funnel", []), found.slice_version),
        "metrics": pairs(found.report.get("metrics", {})),
        "facts": pairs(found.model_version.facts if found.model_version else {}),
        "params": pairs(found.params),
        "suspicions": suspicions_of(found.snapshot) + suspicions_of(found.eval_snapshot),
        "may_recall": can(request, "projects.manage_project", place),
        "may_cancel": found.state not in Run.ENDED and can(request, "projects.manage_project", place),
        "why_not": why_refused(check_cancel, found),
    }
    return render(request, "slices/runs/run.html", context)


def made_of_panel(
    request: MemberRequest, place: Project, run: Run, grade: Grade | None
) -> dict[str, Any] | None:
    """Whose answers a run learns from; None where they are too many to be counted while somebody waits."""
    snapshot = run.snapshot
    if snapshot is None or grade is None or (snapshot.n_total > MOST and not is_counted(snapshot, grade)):
        return None
    counts = counted(snapshot, grade)
    by_name = can(request, "projects.view_answers_project", place)
    return {
        "people": people(request.organization, counts, by_name=by_name)[:FACTS],
        "schemas": schemas(request.organization, counts),
        "n": counts.total(),
    }


def grades_of(run: Run) -> dict[str, Grade]:
    """How far what it trains on, and what it is held to, can still be reproduced."""
    rows = graded(run.organization.snapshots.filter(pk__in=[run.snapshot_id, run.eval_snapshot_id]))
    found = {row.pk: grade_of(row) for row in rows}
    sides = {"train": run.snapshot_id, "eval": run.eval_snapshot_id}
    return {name: found[pk] for name, pk in sides.items() if pk is not None}


def classes_of(evaluations: list[Evaluation]) -> list[dict[str, Any]]:
    """The scores by label of a run's evaluation."""
    scored: dict[str, Any] = evaluations[0].metrics.get("classes", {}) if evaluations else {}
    return [{"name": name, **row} for name, row in sorted(scored.items())]


def pairs(said: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The first few facts by name."""
    return sorted(said.items())[:FACTS]


@require_POST
@member_page("projects.view_project")
def cancel_run(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Call a run off."""
    place = open_project(request, project, "projects.manage_project")
    found = find(place, pk)
    back = reverse("run", args=[request.organization.slug, place.slug, found.pk])
    return do(request, _("The run is called off."), lambda: cancel(run=found, by=request.user), back)
