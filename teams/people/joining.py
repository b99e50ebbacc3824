"""The page behind an invitation's link: come in, sign in first, or make an account."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teams.identity.models import User
from teams.identity.refused import Refused
from teams.identity.roles import SENTENCES, Role
from teams.people.forms import JoinForm
from teams.people.inviting import NO_LONGER, accept, accept_as_new, account_of, find
from teams.people.models import Invitation

BACKEND = "teams.access.backend.MembershipBackend"


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation_page(request: HttpRequest, pk: int, secret: str) -> HttpResponseBase:
    """What the invitation is to, and the one thing to do next. A link that is over says no more than that."""
    invitation = find(pk, secret)
    if invitation is None:
        return over(request, NO_LONGER, 410)
    try:
        return come_in(request, invitation) if request.method == "POST" else show(request, invitation)
    except Refused as refusal:
        return over(request, refusal.sentence, refusal.status)


def come_in(request: HttpRequest, invitation: Invitation) -> HttpResponseBase:
    """Accept with the account that is signed in, or with a new one."""
    if isinstance(request.user, User):
        accept(invitation=invitation, user=request.user)
    else:
        form = JoinForm(invitation.email, request.POST)
        if not form.is_valid():
            return show(request, invitation, form)
        login(request, accept_as_new(invitation=invitation, **form.cleaned_data), backend=BACKEND)
    return redirect("home", organization=invitation.organization.slug)


def show(request: HttpRequest, invitation: Invitation, form: JoinForm | None = None) -> HttpResponse:
    """The page for whoever reads the link: the invited person, somebody else, or nobody yet."""
    known = account_of(invitation)
    user = request.user if isinstance(request.user, User) else None
    context: dict[str, Any] = {
        "invitation": invitation,
        "sentence": SENTENCES[Role(invitation.role)],
        "sign_in": reverse("sign-in", query={"next": request.path}),
        "is_theirs": user is not None and user == known,
        "is_anothers": user is not None and user != known,
        "has_account": known is not None and known.has_usable_password(),
        "form": form or JoinForm(invitation.email),
    }
    return render(request, "teams/invitation.html", context, status=422 if form else 200)


def over(request: HttpRequest, sentence: Any, status: int) -> HttpResponse:
    """One sentence."""
    return render(request, "teams/invitation.html", {"sentence": sentence}, status=status)
