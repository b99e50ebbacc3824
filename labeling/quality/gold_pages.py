"""The known answers of a queue: how people do on each, and making and retiring them."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Avg, Count
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from labeling.quality.forms import DrawForm, GoldForm
from labeling.quality.gold import draw_golds, make_gold, retire
from labeling.quality.models import Gold
from labeling.quality.queue_pages import MANAGE, find_queue
from labeling.queues.models import Queue
from projects.streams.doors import do, see_other
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused

SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(MANAGE)
def golds(request: MemberRequest, project: str, queue: str) -> HttpResponse:
    """The newest first, with how people do on them; and a form for one more."""
    found = find_queue(request, project, queue, MANAGE)
    form = GoldForm(request.POST or None, queue=found)
    if request.method == "POST" and form.is_valid() and made(request, found, form):
        return see_other(address(found))
    rows = found.golds.select_related("example").annotate(n=Count("answers"), mean=Avg("answers__score"))
    context = {
        "project": found.project,
        "queue": found,
        "rows": list(rows.order_by("retired_at", "-pk")[:SHOWN]),
        "in_use": found.golds.filter(retired_at=None).count(),
        "form": form,
        "draw_form": DrawForm(),
    }
    return render(request, "labeling/quality/gold.html", context, status=422 if form.errors else 200)


def made(request: MemberRequest, queue: Queue, form: GoldForm) -> bool:
    """Make it and say so; else the form says why not."""
    assert form.example is not None
    try:
        make_gold(
            queue=queue,
            example=form.example,
            answer=form.answer,
            note=form.cleaned_data["note"],
            made_from=form.made_from,
            by=request.user,
        )
    except Refused as refused:
        form.add_error(None, str(refused.sentence))
        return False
    messages.success(request, _("It is among the tasks now."))
    return True


@require_POST
@member_page(MANAGE)
def draw(request: MemberRequest, project: str, queue: str) -> HttpResponseBase:
    """Known ones from accepted answers, by lot."""
    found = find_queue(request, project, queue, MANAGE)
    form = DrawForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say how many, from 1 to 500."))
        return see_other(address(found))
    count = draw_golds(queue=found, count=form.cleaned_data["count"], by=request.user)
    words = ngettext("%(n)s known answer more.", "%(n)s known answers more.", count)
    messages.success(request, words % {"n": count})
    return see_other(address(found))


@require_POST
@member_page(MANAGE)
def retire_gold(request: MemberRequest, project: str, queue: str, pk: int) -> HttpResponseBase:
    """Take one out of use."""
    found = find_queue(request, project, queue, MANAGE)
    gold: Gold = get_object_or_404(found.golds.select_related("organization"), pk=pk)
    return do(
        request,
        _("It is shown to nobody any more."),
        lambda: retire(gold=gold, by=request.user),
        address(found),
    )


def address(queue: Queue) -> str:
    """The page of a queue's known answers."""
    return reverse("queue-gold", args=[queue.organization.slug, queue.project.slug, queue.slug])
