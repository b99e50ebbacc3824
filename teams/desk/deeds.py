"""What a manager does to chosen rows: one line into a room's action, in the list's menu and on the row's page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from teams.identity.refused import Refused

CONFIRMED = "deed_form"
REFUSED = object()


@dataclass(frozen=True)
class Deed:
    """`verb` is what one must be allowed at the desk; `check(row)` raises Refused when it cannot be now;
    `form` asks for more first, below `words` that say what it means; `single` is what is said where several rows were
    chosen for what is done to one at a time."""

    label: str | Promise
    verb: str = ""
    form: type[forms.Form] | None = None
    check: Callable[[Any], Any] | None = None
    danger: bool = False
    words: str | Promise = ""
    single: str | Promise = ""

    def why_not(self, row: models.Model) -> str:
        """The sentence of why it cannot be done to a row now; empty when it can."""
        try:
            if self.check is not None:
                self.check(row)
        except Refused as refusal:
            return str(refusal.sentence)
        return ""


def deed(label: str | Promise, *, verb: str = "", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a method `(admin, request, row, **answers)` an action of the list and a button of the page.

    Without a verb nobody may do it at the desk.
    """

    def decorate(do: Callable[..., Any]) -> Any:
        @wraps(do)
        def run(admin: Any, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponse | None:
            answer: HttpResponse | None = admin.carry_out(run, request, rows)
            return answer

        run.deed = Deed(label, verb, **options)  # type: ignore[attr-defined]
        run.do = do  # type: ignore[attr-defined]
        run.short_description = label  # type: ignore[attr-defined]
        return run

    return decorate


class ReasonForm(forms.Form):
    """Why: it stays with what was done."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("It stays with what you do now, for whoever asks later."),
    )


class Deeds:
    """The part of an admin that offers deeds and carries them out."""

    actions: Any = ()

    def get_actions(self, request: Any) -> dict[str, Any]:
        """Only deeds, and only those that this person may do."""
        offered: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        return {name: row for name, row in offered.items() if self.may_do(request, row[0].deed)}

    def may_do(self, request: Any, deed: Deed, row: models.Model | None = None) -> bool:
        """Whether the person's role includes the verb, here or on one row."""
        return bool(request.user.has_perm(deed.verb, request.organization if row is None else row))

    def response_action(self, request: Any, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        """Ids that are none are nobody's rows."""
        chosen = [pk for pk in request.POST.getlist(ACTION_CHECKBOX_NAME) if pk.isascii() and pk.isdigit()]
        request.POST = request.POST.copy()
        request.POST.setlist(ACTION_CHECKBOX_NAME, chosen)
        if not chosen:
            messages.warning(request, _("Nothing was chosen, so nothing was done."))
            return redirect(request.get_full_path())
        return super().response_action(request, queryset)  # type: ignore[misc]

    def carry_out(self, run: Any, request: Any, rows: models.QuerySet[Any]) -> HttpResponse | None:
        """Ask what there is to ask, then do it to each row; what is refused is said, the others go on."""
        chosen = list(rows)
        answers: dict[str, Any] = {}
        if not chosen:
            messages.warning(request, _("Nothing was chosen, so nothing was done."))
            return redirect(request.path)
        if run.deed.single and len(chosen) > 1:
            messages.warning(request, run.deed.single)
            return redirect(self.back(request))
        if run.deed.form is not None:
            form = self.deed_form(run, request, chosen)
            if not form.is_valid():
                return self.ask(run, request, chosen, form)
            answers = form.cleaned_data
        outcomes = [(row, self.do_one(run, request, row, answers)) for row in chosen]
        done = [row for row, outcome in outcomes if outcome is not REFUSED]
        shown = next((outcome for _row, outcome in outcomes if isinstance(outcome, HttpResponse)), None)
        if shown is not None and len(chosen) == 1:
            return shown
        if done:
            what = str(done[0]) if len(done) == 1 else str(len(done))
            messages.success(
                request, _("%(deed)s: done (%(what)s).") % {"deed": run.deed.label, "what": what}
            )
        return redirect(self.back(request))

    def back(self, request: Any) -> str:
        """Where the button was, if that is on this site; else the list."""
        path: str = request.POST.get("back", "")
        site = reverse("admin:index", current_app=self.admin_site.name)  # type: ignore[attr-defined]
        if url_has_allowed_host_and_scheme(path, allowed_hosts=None) and path.startswith(site):
            return path
        return str(request.path)

    def deed_form(self, run: Any, request: Any, rows: list[Any]) -> forms.Form:
        """The deed's form, bound once it has been shown."""
        data = request.POST if CONFIRMED in request.POST else None
        form: forms.Form = run.deed.form(data)
        fill = getattr(form, "fill", None)
        if fill is not None:
            fill(request.organization, rows)
        return form

    def ask(self, run: Any, request: Any, rows: list[Any], form: forms.Form) -> HttpResponse:
        """The page between choosing and doing."""
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": run.deed.label,
            "opts": self.opts,  # type: ignore[attr-defined]
            "form": form,
            "rows": rows,
            "action": run.__name__,
            "danger": run.deed.danger,
            "words": run.deed.words,
            "back": request.POST.get("back", ""),
        }
        return TemplateResponse(request, "admin/deed.html", context)

    def do_one(self, run: Any, request: Any, row: Any, answers: dict[str, Any]) -> Any:
        """One row, in a transaction of its own; a deed on a single row may answer with a page of its own."""
        if not self.may_do(request, run.deed, row):
            raise PermissionDenied
        try:
            with transaction.atomic():
                return run.do(self, request, row, **answers)
        except Refused as refusal:
            messages.error(request, f"{row}: {refusal.sentence}")
            return REFUSED

    def deeds_for(self, request: Any, row: models.Model) -> list[dict[str, Any]]:
        """The buttons of a row's page; one that cannot be pressed now says why."""
        return [
            {"name": name, "label": label, "danger": run.deed.danger, "why_not": run.deed.why_not(row)}
            for run, name, label in self.get_actions(request).values()
        ]
