"""The pages before an organization's door: sign in, sign out, choose where to work."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from teams.identity.models import User


class SignOut(LogoutView):
    """By POST only."""

    http_method_names = ["post", "options"]


def organizations(request: HttpRequest) -> HttpResponse:
    """Where this person belongs; with one place only, straight there."""
    user = request.user
    assert isinstance(user, User)  # the middleware lets nobody else in
    memberships = list(
        user.memberships.active().select_related("organization").order_by("organization__name")
    )
    if len(memberships) == 1:
        return redirect("home", organization=memberships[0].organization.slug)
    return render(request, "teams/organizations.html", {"memberships": memberships})
