"""Who is here, with which role, and why they may do what they may."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from teams.access.reasons import reasons, who_may
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.models import Membership
from teams.identity.refused import Refused
from teams.identity.roles import EVERYWHERE, SENTENCES, VERBS, WORDS, Role
from teams.people.actions import change_organization
from teams.people.forms import OrganizationForm

MOST_FOUND = 20
ANYWHERE_ELSE = "projects.view_project"


@require_GET
@member_page()
def roles(request: MemberRequest) -> HttpResponse:
    """What each role is for, and what it includes: the same for everybody here to read."""
    rows = [{"role": role, "sentence": SENTENCES[role], "everywhere": role in EVERYWHERE} for role in Role]
    verbs = [(words, [verb in VERBS[role] for role in Role]) for verb, words in WORDS.items()]
    may_ask = request.membership.can("teams.view_people")
    return render(request, "teams/roles.html", {"rows": rows, "verbs": verbs, "may_ask": may_ask})


@require_http_methods(["GET", "POST"])
@member_page("teams.manage_organization")
def organization_page(request: MemberRequest) -> HttpResponseBase:
    """The organization's own settings."""
    organization = request.organization
    form = OrganizationForm(request.POST or None, instance=organization)
    if request.method == "POST" and form.is_valid():
        try:
            change_organization(organization=organization, wanted=form.cleaned_data, by=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal.sentence))
        else:
            messages.success(request, _("Saved."))
            return redirect("organization", organization=organization.slug)
    status = 422 if form.errors else 200
    return render(request, "teams/organization.html", {"form": form}, status=status)


@require_GET
@member_page("teams.view_people")
def access(request: MemberRequest) -> HttpResponse:
    """Why may X do that on Y, and who may: for a person, for a verb, or for both sides of one project."""
    projects = list(request.organization.projects.all())
    project = chosen(projects, request.GET.get("project", ""))
    verb = request.GET.get("verb", ANYWHERE_ELSE)
    if verb not in WORDS:
        raise Http404
    q = request.GET.get("q", "").strip()
    people = found(request, q) if q else []
    context: dict[str, Any] = {
        "projects": [(row.pk, row.name) for row in projects],
        "verbs": [(name, words) for name, words in WORDS.items() if name.startswith("projects.")],
        "about": project,
        "verb": verb,
        "q": q,
        "people": people,
        "member": people[0] if len(people) == 1 else None,
    }
    if project is not None:
        if context["member"]:
            context["reasons"] = reasons(context["member"], project)
        elif not q:
            context["who"] = who_may(verb, project)
    return render(request, "teams/access.html", context)


def chosen(projects: list[Any], pk: str) -> Any:
    """The project asked about, the first one if none is; None where there are none."""
    if not pk:
        return projects[0] if projects else None
    for row in projects:
        if str(row.pk) == pk:
            return row
    raise Http404


def found(request: MemberRequest, q: str) -> list[Membership]:
    """The members whose name or e-mail address has these words; an address in full is one person's."""
    if "\x00" in q:
        return []
    members = request.organization.memberships.select_related("user").order_by("user__name", "pk")
    exact = list(members.filter(user__email__iexact=q))
    return exact or list(
        members.filter(Q(user__name__icontains=q) | Q(user__email__icontains=q))[:MOST_FOUND]
    )
