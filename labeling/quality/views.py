"""Figures about people: everybody's own, and, where an organization says so, those of others."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from labeling.quality.actions import note_view
from labeling.quality.feedback import sentences
from labeling.quality.figures import NOTHING, by_day, in_all, of_everybody
from labeling.quality.gold import wrong
from labeling.quality.models import GoldAnswer
from labeling.quality.people import measured_answers, mistakes
from labeling.quality.plots import score_over_time
from teams.access.tenancy import MemberRequest, member_page
from teams.desk.charts import Chart, Series
from teams.identity.models import Membership, Organization, User

VERB = "teams.view_people"
ROWS = 50
MISSED = 10  # known answers that a person is shown again


@require_safe
@member_page()
def own_figures(request: MemberRequest) -> HttpResponse:
    """One's own."""
    return one_person(request, request.membership)


@require_safe
@member_page(VERB)
def person_figures(request: MemberRequest, pk: int) -> HttpResponse:
    """Another person's, where the organization lets managers see them; the look is in the audit."""
    if not for_managers(request.organization):
        raise Http404
    people = request.organization.memberships.people().select_related("user")
    membership = get_object_or_404(people, pk=pk)
    note_view(organization=request.organization, of=membership, by=request.user)
    return one_person(request, membership)


@require_safe
@member_page(VERB)
def all_figures(request: MemberRequest) -> HttpResponseBase:
    """Everybody who answered, by name; or why one may not see them."""
    context: dict[str, Any] = {"shown": for_managers(request.organization), "rows": []}
    if context["shown"]:
        figures = of_everybody(request.organization, timezone.now())
        people = request.organization.memberships.filter(user__in=figures).select_related("user")
        page = people.order_by("user__name", "pk")
        start = first_row(request)
        found = list(page[start : start + ROWS + 1])
        context["rows"] = [(row, figures[row.user_id]) for row in found[:ROWS]]
        context["previous_url"] = f"?from={max(0, start - ROWS)}" if start else ""
        context["next_url"] = f"?from={start + ROWS}" if len(found) > ROWS else ""
        note_view(organization=request.organization, of=None, by=request.user)
    return render(request, "labeling/quality/people.html", context)


def first_row(request: MemberRequest) -> int:
    """Where the page begins; anything odd is the beginning."""
    text = request.GET.get("from", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def for_managers(organization: Organization) -> bool:
    """Whether others than the person see figures."""
    return organization.figures_visible_to == Organization.FiguresFor.MANAGERS


def one_person(request: MemberRequest, membership: Membership) -> HttpResponse:
    """The page of one person's figures."""
    organization, now = request.organization, timezone.now()
    days = by_day(organization, membership.user, now)
    known = measured_answers(organization, membership.user, now)
    context = {
        "member": membership,
        "is_own": membership == request.membership,
        "for_managers": for_managers(organization),
        "total": in_all(organization, membership.user, now) if days else NOTHING,
        "days": list(days.items()),
        "chart": answers_chart(days) if len(days) > 1 else None,
        "scored": scored(organization, membership.user, known),
        "mistakes": mistakes(known),
        "missed": [(row, " ".join(sentences(row))) for row in known[::-1] if wrong(row)][:MISSED],
    }
    return render(request, "labeling/quality/figures.html", context)


def scored(organization: Organization, user: User, known: list[GoldAnswer]) -> list[dict[str, Any]]:
    """By queue: how the person stands on known answers, by question, and the plot of it."""
    standings = (
        organization.standings.filter(user=user).select_related("queue__schema").order_by("queue__name")
    )
    return [
        {
            "queue": row.queue,
            "standing": row,
            "score": None if row.score is None else row.score * 100,
            "questions": [
                (one["title"], row.scores[one["name"]] * 100)
                for one in row.queue.schema.questions
                if one["name"] in row.scores
            ],
            "chart": score_over_time(
                [one for one in known if one.queue_id == row.queue_id],
                row.queue.gold_window,
                row.queue.gold_floor,
            ),
        }
        for row in standings
    ]


def answers_chart(days: dict[Any, Any]) -> Chart:
    """Answers a day, oldest first."""
    ordered = sorted(days)
    most = max(days[day].answers for day in ordered)
    return Chart(
        title=_("Answers a day"),
        description=_("%(days)s days with answers; %(most)s on the busiest.")
        % {"days": len(ordered), "most": most},
        x=[f"{day:%-d %b}" for day in ordered],
        series=[Series(_("Answers"), [days[day].answers for day in ordered])],
        kind="bar",
    )
