"""A person's own tokens: for scripts that act as the person, in one organization."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams.access.actions import issue_token, revoke_token, rotate_token
from teams.access.forms import OwnTokenForm
from teams.access.models import Token
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused
from teams.identity.roles import WORDS

OVERLAP = timedelta(days=1)


@never_cache
@require_http_methods(["GET", "POST"])
@member_page()
def own_tokens(request: MemberRequest) -> HttpResponseBase:
    """What is there, and a form for one more; the new one is shown in the answer, once."""
    form = OwnTokenForm(request.membership.role, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, text = issue_token(
                organization=request.organization,
                user=request.user,
                name=form.cleaned_data["name"],
                verbs=form.cleaned_data["verbs"],
                expires_at=timezone.now() + form.lasting,
                by=request.user,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal.sentence))
        else:
            return shown(request, OwnTokenForm(request.membership.role), token, text)
    return shown(request, form)


@never_cache
@require_POST
@member_page()
def own_token_rotate(request: MemberRequest, pk: int) -> HttpResponseBase:
    """The same again; the old one works on for a day."""
    try:
        token, text = rotate_token(token=own(request, pk), overlap=OVERLAP, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal.sentence))
        return redirect("own-tokens", organization=request.organization.slug)
    return shown(request, OwnTokenForm(request.membership.role), token, text)


@require_POST
@member_page()
def own_token_revoke(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Over at once."""
    token = own(request, pk)
    revoke_token(token=token, by=request.user)
    messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect("own-tokens", organization=request.organization.slug)


def own(request: MemberRequest, pk: int) -> Token:
    """A token of this person here; 404 for any other."""
    return get_object_or_404(request.organization.tokens.filter(user=request.user), pk=pk)


def shown(
    request: MemberRequest, form: OwnTokenForm, token: Token | None = None, text: str = ""
) -> HttpResponse:
    """The page; with the new token on it when there is one."""
    live = request.organization.tokens.live(timezone.now()).filter(user=request.user)
    rows = [
        (row, [words for verb, words in WORDS.items() if verb in row.verbs])
        for row in live.order_by("-created_at")
    ]
    context = {"form": form, "rows": rows, "new": token, "text": text}
    return render(request, "teams/own_tokens.html", context, status=422 if form.errors else 200)
