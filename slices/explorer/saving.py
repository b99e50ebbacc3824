"""A condition that was tried becomes a slice, a family, or the next version of what it was taken from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from projects.conditions import ConditionError
from projects.conditions.text import MAX_TEXT
from projects.streams.doors import open_project, see_other
from projects.streams.models import Project
from slices.definitions.actions import Definition, change_slice, create_slice, current, describe_slice
from slices.definitions.models import Slice, SliceVersion
from slices.explorer.asking import Asked, read
from slices.explorer.forms import FamilyForm, MeaningForm, SliceForm
from slices.explorer.previewing import changed, previewed
from slices.explorer.views import MANAGE, edited, may_in, stream_of
from slices.families.actions import create_family
from teams.access.tenancy import MemberRequest, member_page
from teams.identity.refused import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("projects.view_project")
def save(request: MemberRequest, project: str) -> HttpResponse:
    """A form for what a condition does not say; a condition with a mistake goes back to the explorer."""
    place = open_project(request, project, MANAGE)
    of = edited(request, place)
    stream = of.stream if of else stream_of(request, place)
    if stream is None:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    text = given.get("where", "").replace("\x00", "")[: MAX_TEXT + 1]
    asked = read(stream, text, may_in(request, place), of.slug if of else None)
    back = explorer_address(request, place, asked, of)
    if asked.condition is None:
        return see_other(back)
    form = form_for(request, place, asked, of)
    again = "again" in request.POST
    if request.method == "POST" and form.is_valid() and not again:
        try:
            made = keep(request, asked, form, of)
        except (Refused, ConditionError) as refusal:
            form.add_error(None, refusal_of(refusal))
        else:
            return see_other(reverse("slice", args=[request.organization.slug, place.slug, made.slug]))
    context = {"project": place, "asked": asked, "form": form, "edit": of, "back": back}
    context |= foreseen(asked, form, of)
    if again:
        form.errors.clear()  # somebody looks, and saves nothing
    return render(request, "slices/explorer/save.html", context, status=422 if form.errors else 200)


def foreseen(asked: Asked, form: MeaningForm, of: Slice | None) -> dict[str, Any]:
    """What the children would be; or why that is not said."""
    try:
        return previewed(asked, form, of, timezone.now())
    except (Refused, ConditionError) as refusal:
        return {"no_preview": refusal_of(refusal)}


def explorer_address(request: MemberRequest, place: Project, asked: Asked, of: Slice | None) -> str:
    """The explorer as it was."""
    state = {"stream": asked.stream.slug, "where": asked.text} | ({"edit": of.slug} if of else {})
    return f"{reverse('explore', args=[request.organization.slug, place.slug])}?{urlencode(state)}"


def form_for(request: MemberRequest, place: Project, asked: Asked, of: Slice | None) -> MeaningForm:
    """The form that fits: of a next version, a family or a slice."""
    data = request.POST if request.method == "POST" else None
    if of is not None:
        latest = current(of)
        return MeaningForm(data, initial=initial_of(latest), keeps_window=not is_length(latest.window))
    return (FamilyForm if asked.params else SliceForm)(data, project=place)


def initial_of(version: SliceVersion) -> dict[str, Any]:
    """The form's values for what a slice means now."""
    window = version.window or {}
    return {name: getattr(version, name) for name in ("labels", "splits", "min_size")} | {
        "window_clock": window.get("clock", "captured_at"),
        "window_length": window.get("length", ""),
    }


def is_length(window: dict[str, Any] | None) -> bool:
    """Whether a window says no more than a clock and how far back, or nothing."""
    return window is None or set(window) == {"clock", "length"}


def keep(request: MemberRequest, asked: Asked, form: MeaningForm, of: Slice | None) -> Slice:
    """Save it, and say so. Raises Refused or ConditionError."""
    assert asked.condition is not None
    meaning = form.meaning() | {"condition": asked.condition.json, "params": asked.params}
    if of is not None:
        return keep_version(request, of, meaning)
    said, definition = form.cleaned_data, Definition(**meaning)
    named = {name: said[name] for name in ("slug", "name", "description")}
    if isinstance(form, FamilyForm):
        rules = form.rules()
        family = create_family(stream=asked.stream, definition=definition, by=request.user, **named, **rules)
        describe_slice(slice=family.slice, tags=said["tags"], by=request.user)
        messages.success(request, _("The family is saved. Its children appear in a moment."))
        return family.slice
    tags = said["tags"]
    made = create_slice(stream=asked.stream, definition=definition, tags=tags, by=request.user, **named)
    messages.success(request, _("The slice is saved. It is being counted."))
    return made


def keep_version(request: MemberRequest, of: Slice, meaning: dict[str, Any]) -> Slice:
    """The next version; what the form does not ask about stays as it is."""
    latest = current(of)
    if dict(latest.params) != dict(meaning["params"]):
        sentence = _("A slice keeps its parameters: save one with others as a new slice or family.")
        raise Refused(sentence, "bad_params", 422)
    version = change_slice(slice=of, definition=changed(of, meaning), by=request.user)
    if version.pk == latest.pk:
        messages.info(request, _("It means the same as before, so there is no new version."))
    else:
        messages.success(request, _("Version %(n)s is saved.") % {"n": version.version})
    return of


def refusal_of(refusal: Refused | ConditionError) -> str:
    """In one sentence."""
    if isinstance(refusal, ConditionError):
        return " ".join(str(one["detail"]) for one in refusal.errors)
    return str(refusal.sentence)
