"""Erasing for managers: say which, see what would go, confirm, watch it go."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from projects.erasure.actions import erase
from projects.erasure.forms import ErasureForm
from projects.erasure.models import Erasure
from projects.erasure.previews import Preview, preview
from projects.erasure.reports import reports
from projects.erasure.shapes import state_of, words_of
from projects.streams.doors import do, open_project, see_other
from projects.streams.media import shows_media
from projects.streams.models import Project
from projects.streams.shown import shown
from teams.access.addressed import older, row_id
from teams.access.problems import Invalid
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

MANAGE = "projects.manage_project"
SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@shows_media
@member_page(MANAGE)
def erasures(request: MemberRequest, project: str) -> HttpResponse:
    """What was erased; a form for the next; its preview, and after the typed confirmation the deed."""
    place = open_project(request, project, MANAGE)
    if request.method != "POST":
        return listing(request, place, ErasureForm(place, initial=asked_in(request)))
    form = ErasureForm(place, request.POST)
    if not form.is_valid():
        return listing(request, place, form)
    given = form.cleaned_data
    try:
        seen = preview(project=place, stream=given["stream"], wanted=form.wanted())
    except Refused as refused:
        form.add_error(None, str(refused.sentence))
        return listing(request, place, form)
    except Invalid as wrong:
        for row in wrong.errors:
            form.add_error(None, row["detail"])
        return listing(request, place, form)
    if request.POST.get("typed", "").strip() != word_for(seen):
        return confirming(request, place, form, seen)
    return carry_out(request, place, form)


def asked_in(request: MemberRequest) -> dict[str, Any]:
    """What the address already says: the example that somebody came from."""
    pk = request.GET.get("example", "")
    return {} if row_id(pk) is None else {"by": "ids", "named": pk}


def word_for(seen: Preview) -> str:
    """What is typed to confirm: the number, so that it is read. More came meanwhile, it is asked again."""
    return f"erase {seen.n}"


def listing(request: MemberRequest, place: Project, form: ErasureForm) -> HttpResponse:
    """The newest erasures, and the form."""
    rows = older(place.erasures.select_related("asked_by").order_by("-pk"), request.GET)
    found = list(rows[: SHOWN + 1])
    context = {
        "project": place,
        "form": form,
        "erasures": [{"row": row, "state": state_of(row)} for row in found[:SHOWN]],
        "older_url": f"?before={found[SHOWN - 1].pk}" if len(found) > SHOWN else "",
    }
    status = 422 if form.errors else 200
    return render(request, "projects/erasure/erasures.html", context, status=status)


def confirming(request: MemberRequest, place: Project, form: ErasureForm, seen: Preview) -> HttpResponse:
    """What would go, and the word to type."""
    said = {name: request.POST.get(name, "") for name in form.fields}
    title = ngettext("Erase %(n)s example?", "Erase %(n)s examples?", seen.n) % {"n": f"{seen.n:,}"}
    context = {
        "project": place,
        "seen": seen,
        "rows": [{"example": row, "media": shown(request.organization, row)} for row in seen.examples],
        "fields": said,
        "title": title,
        "typed": word_for(seen),
        "is_wrong": "typed" in request.POST,
        "here": reverse("erasures", args=[request.organization.slug, place.slug]),
    }
    status = 422 if context["is_wrong"] else 200
    return render(request, "projects/erasure/confirm.html", context, status=status)


def carry_out(request: MemberRequest, place: Project, form: ErasureForm) -> HttpResponse:
    """Do it, and go to where it can be watched."""
    made: list[Erasure] = []
    here = reverse("erasures", args=[request.organization.slug, place.slug])
    given = form.cleaned_data
    answer = do(
        request,
        _("They are gone from every page. What is left of them elsewhere goes now; watch it here."),
        lambda: made.append(
            erase(
                project=place,
                stream=given["stream"],
                wanted=form.wanted(),
                reference=given["reference"],
                by=request.user,
            )
        ),
        here,
    )
    return see_other(f"{here}{made[0].pk}/") if made else answer


@require_safe
@member_page(MANAGE)
def erasure(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """One erasure: how far each room is, and what the examples had been used for."""
    place = open_project(request, project, MANAGE)
    rows = place.erasures.select_related("organization", "project", "stream", "asked_by")
    row = get_object_or_404(rows, pk=pk)
    steps = list(row.steps.order_by("pk"))
    context = {
        "project": place,
        "erasure": row,
        "state": state_of(row),
        "steps": [{"step": step, "words": words_of(step.name)} for step in steps],
        "n_done": sum(step.done_at is not None for step in steps),
        "reports": [{"template": one.template, "said": one.describe(row)} for one in reports()],
    }
    return render(request, "projects/erasure/erasure.html", context)
