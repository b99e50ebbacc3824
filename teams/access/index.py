"""What stands at the front of the API: what it is, and what it is not."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse

from teams.access import problems

BOUNDARY = (
    "Sluice supplies the data, the people, the clock, the evidence and the decision. "
    "It never runs or deploys a model: your pipeline claims runs, trains, reports, and asks what applies."
)


@login_not_required
def index(request: HttpRequest) -> JsonResponse:
    """Where to read on."""
    return JsonResponse(
        {
            "name": "Sluice",
            "version": 1,
            "boundary": BOUNDARY,
            "docs": "/api/v1/docs/",
            "schema": "/api/v1/schema/",
        }
    )


@login_not_required
def unknown(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Any address below /api/ that is none."""
    return problems.response(404, "not_found", "There is nothing at this address.")
