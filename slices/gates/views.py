"""The pages of gates: where a model is used, one decision clause by clause, and the rounds of a schedule."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from projects.streams.doors import can, do, open_project, why_refused
from projects.streams.models import Project
from slices.gates import actions
from slices.gates.charting import accuracy_chart, loss_sentence, win_sentence
from slices.gates.forms import SignForm
from slices.gates.models import Decision
from slices.gates.promotion import BY_SIGNATURE, may_deploy_to, reach, why_not
from slices.gates.rounds import rounds
from slices.gates.saying import facts_of, headline, kind_of
from slices.placements.actions import check_human_fallback, check_roll_back
from slices.placements.forms import ReasonForm
from slices.placements.history import before, held_by
from slices.placements.models import rank
from slices.placements.saying import sentence
from slices.schedules.models import Schedule
from teams.access.tenancy import MemberRequest, member_page
from teams.desk.numbers import number, signed

SHOWN = 50


@require_safe
@member_page("projects.view_project")
def placement(request: MemberRequest, project: str, placement: str) -> HttpResponse:
    """What applies here, how it came to that, what the gate said lately, and the two ways back."""
    place = open_project(request, project)
    row = get_object_or_404(place.placements.select_related("organization", "model_version"), slug=placement)
    gate = place.gates.filter(placement=row).first()
    decisions = decisions_of(place).filter(gate__placement=row).order_by("-id")[:10]
    moves = row.moves.select_related("model_version", "by", "sign_off").order_by("-id")[:SHOWN]
    context = {
        "project": place,
        "placement": row,
        "gate": gate,
        "moves": [{"move": move, "said": sentence(move)} for move in moves],
        "decisions": [{"decision": one, "headline": headline(one)} for one in decisions],
        "held": held_by(row),
        "earlier": before(row),
        "can_manage": can(request, "projects.manage_project", place),
        "why_not_back": why_refused(check_roll_back, row),
        "why_not_people": why_refused(check_human_fallback, row),
        "back_form": ReasonForm(auto_id="back-%s"),
        "people_form": ReasonForm(auto_id="people-%s"),
    }
    return render(request, "slices/placements/placement.html", context)


@require_safe
@member_page("projects.view_project")
def decision(request: MemberRequest, project: str, placement: str, decision: int) -> HttpResponse:
    """One decision, with every number it looked at."""
    place = open_project(request, project)
    row = get_object_or_404(decisions_of(place), gate__placement__slug=placement, pk=decision)
    return decision_page(request, row, None)


@require_POST
@member_page("projects.sign_project")
def sign(request: MemberRequest, project: str, placement: str, decision: int) -> HttpResponse:
    """A person's signature under a decision."""
    place = open_project(request, project, "projects.sign_project")
    row = get_object_or_404(decisions_of(place), gate__placement__slug=placement, pk=decision)
    form = SignForm(request.POST, stages=left_to_sign(row))
    if not form.is_valid():
        return decision_page(request, row, form, status=422)
    wanted = form.cleaned_data
    return do(
        request,
        _("Signed. Pipelines hear of it when they next ask."),
        lambda: actions.sign(decision=row, stage=wanted["stage"], reason=wanted["reason"], by=request.user),
        address(row),
    )


@require_safe
@member_page("projects.view_project")
def schedule_rounds(request: MemberRequest, project: str, schedule: int) -> HttpResponse:
    """Accuracy over labels, beside as many labels drawn by lot, and plainly where the choice lost to chance."""
    place = open_project(request, project)
    schedules = place.schedules.select_related("organization", "slice")
    row = get_object_or_404(schedules, pk=schedule)
    beside = chosen(schedules, request.GET.get("beside", ""))
    found = rounds(row, beside)
    compared = [one for one in found if one.gain is not None]
    context = {
        "project": place,
        "schedule": row,
        "beside": beside,
        "options": [("", _("nothing")), *others(place, row)],
        "rounds": found[::-1],
        "chart": accuracy_chart(found, row.name, beside.name if beside else None),
        "loss": loss_sentence(found),
        "win": win_sentence(compared),
        "last": found[-1] if found else None,
        "last_compared": compared[-1] if compared else None,
    }
    return render(request, "slices/gates/rounds.html", context)


def decision_page(
    request: MemberRequest, row: Decision, form: SignForm | None, status: int = 200
) -> HttpResponse:
    """The page of a decision, with the form of a signature where this person may give one."""
    place = row.gate.placement
    may_sign = can(request, "projects.sign_project", row.project)
    unsignable = why_refused(actions.check_signable, row, place)
    left = left_to_sign(row)
    context = {
        "project": row.project,
        "decision": row,
        "headline": headline(row),
        "clauses": [{**clause, "kind": kind_of(clause), "facts": facts_of(clause)} for clause in row.clauses],
        "opened": may_deploy_to(row, signed_stages(row)),
        "in_use": place.model_version_id == row.model_version_id,
        "why_not_moved": not_moved(row),
        "accuracy": number(100 * row.evaluation.correct / row.evaluation.n, 1) if row.evaluation.n else "–",
        "difference": difference(row),
        "signatures": row.sign_offs.all(),
        "may_sign": may_sign,
        "why_not_sign": unsignable,
        "form": (form or SignForm(stages=left)) if may_sign and left and not unsignable else None,
    }
    return render(request, "slices/gates/decision.html", context, status=status)


def difference(decision: Decision) -> str:
    """In points, where the model was compared with another."""
    values = (
        clause["numbers"].get("value") for clause in decision.clauses if clause["type"] == "non_inferior"
    )
    return next((signed(100 * value, 1) for value in values if value is not None), "")


def decisions_of(project: Project) -> models.QuerySet[Decision]:
    """With all that a page says of one."""
    return project.decisions.select_related(
        "organization",
        "project",
        "gate__placement__model_version",
        "model_version",
        "champion",
        "evaluation__snapshot",
    ).prefetch_related(
        models.Prefetch(
            "sign_offs", queryset=project.organization.sign_offs.select_related("by").order_by("id")
        )
    )


def left_to_sign(decision: Decision) -> list[str]:
    """The stages that a signature would still open: beyond what was signed, and beyond where the model is."""
    place = decision.gate.placement
    here = place.stage if place.model_version_id == decision.model_version_id else ""
    reached = max(map(rank, [here, *signed_stages(decision)]))
    return [stage for stage in BY_SIGNATURE if rank(stage) > reached]


def not_moved(decision: Decision) -> str:
    """Why the placement does not have the model, if the gate let it pass; empty where that needs no words."""
    place = decision.gate.placement
    if decision.outcome != Decision.Outcome.PASS or place.model_version_id == decision.model_version_id:
        return ""
    return why_not(decision, place, reach(decision.gate))


def signed_stages(decision: Decision) -> set[str]:
    """What has been signed under it."""
    return {row.stage for row in decision.sign_offs.all()}


def address(decision: Decision) -> str:
    """The page of a decision."""
    return reverse(
        "decision",
        kwargs={
            "organization": decision.organization.slug,
            "project": decision.project.slug,
            "placement": decision.gate.placement.slug,
            "decision": decision.pk,
        },
    )


def chosen(schedules: models.QuerySet[Schedule], text: str) -> Schedule | None:
    """The schedule to lay beside; a 404 where it is none of this project's."""
    if not text:
        return None
    return get_object_or_404(schedules, pk=int(text) if text.isdecimal() and len(text) < 19 else 0)


def others(project: Project, schedule: Schedule) -> list[tuple[Any, str]]:
    """What a schedule can be laid beside."""
    return list(project.schedules.exclude(pk=schedule.pk).order_by("name").values_list("pk", "name"))
