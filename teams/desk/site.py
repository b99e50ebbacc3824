"""The managers' admin site: one organization at a time, scoped admins only."""

from __future__ import annotations

from functools import update_wrapper
from typing import Any

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models.base import ModelBase
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from teams.access.factors import lacks_a_factor, to_factors
from teams.desk.attention import calls_for
from teams.desk.checks import faults
from teams.desk.choice import FIELD, choose, here, made_here, sit_down
from teams.desk.house import HouseSite, View
from teams.desk.look import PLACES, sidebar
from teams.desk.telling import sentence, who

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ManagerSite(HouseSite):
    """Django admin for the managers of one organization at a time."""

    index_template = "admin/index.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Refuse what is not scoped. Raises ImproperlyConfigured with every fault."""
        models: list[Any] = (
            [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        )
        wrong = [fault for model in models for fault in faults(model, admin_class or object)]
        if wrong:
            raise ImproperlyConfigured("; ".join(wrong))
        super().register(models, admin_class, **options)

    def has_permission(self, request: Any) -> bool:
        """A person whose role in some organization includes managing at the desk."""
        return sit_down(request) is not None

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """The door of every page: a manager, one organization, and no form that was made elsewhere."""

        def at_the_desk(request: Any, *args: Any, **kwargs: Any) -> Any:
            anywhere = getattr(view, "anywhere", False)
            if request.method not in SAFE and not anywhere and not made_here(request):
                return self.elsewhere(request)
            if not anywhere and lacks_a_factor(request):
                return to_factors(request)
            return view(request, *args, **kwargs)

        return super().admin_view(update_wrapper(at_the_desk, view), cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's, and the switch between organizations."""
        return [path("switch/", self.admin_view(switch), name="switch"), *super().get_urls()]

    def elsewhere(self, request: Any) -> HttpResponse:
        """A form that another organization's desk made, posted here: nothing is done."""
        context = {**self.each_context(request), "title": _("This form belongs to another desk")}
        return TemplateResponse(request, "admin/elsewhere.html", context, status=409)

    def extra_context(self, context: dict[str, Any], request: Any) -> dict[str, Any]:
        """What every page of the desk knows."""
        context = super().extra_context(context, request)
        if not self.has_permission(request):
            return context
        home = reverse("home", kwargs={"organization": request.organization.slug})
        return context | {
            "site_url": home,
            "site_subheader": request.organization.name,
            "desk_field": FIELD,
            "desk_here": here(request),
            "desks": request.desks,
            "organization": request.organization,
        }

    def get_sidebar_list(self, request: Any) -> list[dict[str, Any]]:
        """The places, in the order of the loop."""
        return sidebar(self, request, PLACES)

    def index(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """What needs attention, and what happened lately."""
        request.current_app = self.name
        events = request.organization.events.select_related("by").order_by("-pk")[:12]
        context = {
            **self.each_context(request),
            "title": _("Start"),
            "calls": calls_for(request.organization),
            "events": [{"at": row.at, "who": who(row), "sentence": sentence(row)} for row in events],
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.index_template, context)


@require_POST
def switch(request: Any) -> HttpResponse:
    """Speak for another organization from now on; one that is not ours is unknown."""
    wanted = [row for row in request.desks if row.organization.slug == request.POST.get("organization")]
    if not wanted:
        raise Http404
    choose(request, wanted[0])
    name = wanted[0].organization.name
    messages.success(request, _("You are at the desk of %(organization)s now.") % {"organization": name})
    return redirect("admin:index")


vars(switch)["anywhere"] = True  # it says itself where it leads

# The name of every admin application: `admin:` without saying whose means the desk.
desk = ManagerSite("admin")
