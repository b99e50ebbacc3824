"""What an organization asks of its managers beyond a password."""

from __future__ import annotations

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from teams.identity.roles import EVERYWHERE


def lacks_a_factor(request: Any) -> bool:
    """Whether a manager came through the door with a password alone where the organization asks for more."""
    if not request.organization.needs_second_factor or request.membership.role not in EVERYWHERE:
        return False
    return not is_mfa_enabled(request.user)


def to_factors(request: Any) -> HttpResponse:
    """To the page where one sets up a second factor, with the reason."""
    asks = _("%(organization)s asks its managers for a second factor. Set one up here, then go on.")
    messages.warning(request, asks % {"organization": request.organization.name})
    return redirect("mfa_index")
