"""Keeping a snapshot, and letting it go, for people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from projects.streams.doors import can, do, open_project, see_other
from projects.streams.models import Project
from slices.snapshots.forms import PinForm
from slices.snapshots.models import Snapshot
from slices.snapshots.pinning import kept_for, needs, pin, release
from teams.access.tenancy import MemberRequest, member_page

SHOWN = 20
VERB = "projects.manage_project"


def panel(request: MemberRequest, project: Project, snapshot: Snapshot) -> dict[str, Any]:
    """What the snapshot's page shows of why it is kept."""
    place = [request.organization.slug, project.slug, snapshot.pk]
    held = request.organization.pins.filter(snapshot=snapshot, released_at=None).select_related("by")
    return {
        "may_pin": can(request, VERB, project),
        "needed": needs(request.organization, [snapshot.pk]).get(snapshot.pk, []),
        "pins": [
            {"pin": row, "release_url": reverse("snapshot-release", args=[*place, row.pk])}
            for row in held.order_by("-pk")[:SHOWN]
        ],
        "kept_until": snapshot.built_at + kept_for(),
        "pin_url": reverse("snapshot-pin", args=place),
        "pin_form": PinForm(),
    }


def open_snapshot(request: MemberRequest, project: str, pk: int) -> tuple[Snapshot, str]:
    """The snapshot at this address, for somebody who manages its project, and where its page is."""
    place = open_project(request, project, VERB)
    rows = request.organization.snapshots.filter(project=place).select_related("organization")
    back = reverse("snapshot", args=[request.organization.slug, project, pk])
    return get_object_or_404(rows, pk=pk), f"{back}#kept"


@require_POST
@member_page("projects.view_project")
def pin_snapshot(request: MemberRequest, project: str, pk: int) -> HttpResponse:
    """Keep it, and say why."""
    snapshot, back = open_snapshot(request, project, pk)
    form = PinForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say in up to 200 characters why it is to be kept."))
        return see_other(back)
    reason = form.cleaned_data["reason"]
    said = _("It is kept until somebody lets it go.")
    return do(request, said, lambda: pin(snapshot=snapshot, reason=reason, by=request.user), back)


@require_POST
@member_page("projects.view_project")
def release_snapshot(request: MemberRequest, project: str, pk: int, pin: int) -> HttpResponse:
    """Let it go."""
    snapshot, back = open_snapshot(request, project, pk)
    row = get_object_or_404(request.organization.pins.select_related("snapshot"), snapshot=snapshot, pk=pin)
    said = _("It is let go: its files stay only as long as something needs them.")
    return do(request, said, lambda: release(pin=row, by=request.user), back)
