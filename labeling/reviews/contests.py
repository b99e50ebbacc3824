"""Contested returns: a labeler objects on the task page, a manager decides here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.answers.moves import next_one, refusing
from labeling.answers.views import LABEL, open_queue, own_lease
from labeling.reviews import deciding
from labeling.reviews.models import Review
from labeling.reviews.pages import marked_answer
from labeling.reviews.views import MANAGE, text_in
from labeling.reviews.views import contested as open_contests
from projects.streams.doors import see_other
from projects.streams.media import shows_media
from projects.streams.shown import shown as shown_media
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

PAGE = 20


@require_POST
@shows_media
@member_page(LABEL)
def contest(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """The author of a returned answer says (`said`) why it is right, and takes the next task."""
    found = open_queue(request, project, queue)
    lease, token = own_lease(request, found)
    try:
        deciding.contest(lease=lease, token=token, objection=text_in(request, "said"), by=request.user)
    except Refused as refused:
        return refusing(request, found, lease, refused)
    return next_one(request, found, _("Contested; a manager decides, and you read what they said."))


@require_GET
@shows_media
@member_page(MANAGE)
def contested(request: MemberRequest) -> HttpResponseBase:
    """Returns that wait for this manager's decision: the oldest, and when they are decided the next."""
    rows = open_contests(request).select_related(
        "annotation__example__stream", "annotation__schema", "annotation__queue__project", "reviewer"
    )
    listed = [row_of(request, row) for row in rows.order_by("pk")[:PAGE]]
    return render(request, "labeling/reviews/contested.html", {"rows": listed})


def row_of(request: MemberRequest, review: Review) -> dict[str, Any]:
    """A contest with the answer that it is about."""
    answer = review.annotation
    answer.example.organization = request.organization
    return {
        "review": review,
        "example": answer.example,
        "queue": answer.queue,
        "media": shown_media(request.organization, answer.example),
        "answer": marked_answer(answer),
    }


@require_POST
@member_page(MANAGE)
def decide_contest(request: MemberRequest, pk: int) -> HttpResponseBase:
    """`decision` is right (the answer counts) or stands (it is before its author again, with `note`)."""
    projects = request.organization.projects.open_to(request.user, MANAGE)
    rows = request.organization.reviews.filter(annotation__queue__project__in=projects)
    review = get_object_or_404(rows.select_related("annotation"), pk=min(pk, 2**63 - 1))
    review.organization = request.organization
    is_right = request.POST.get("decision") == "right"
    try:
        deciding.settle_contest(
            review=review, is_right=is_right, note=text_in(request, "note"), by=request.user
        )
    except Refused as refused:
        messages.error(request, str(refused.sentence))
    else:
        said = _("The answer counts now.") if is_right else _("The return stands; its author has it again.")
        messages.success(request, said)
    return see_other(reverse("contested", args=[request.organization.slug]))
