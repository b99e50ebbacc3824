"""The operators' admin site: the installation as a whole, and nothing of what is in its organizations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from teams.desk.house import HouseAdmin, HouseSite
from teams.desk.look import Places, sidebar
from teams.platform import figures

PLACES: Places = (
    (
        gettext_lazy("The installation"),
        (
            ("teams.organization", "domain"),
            ("teams.user", "person"),
            ("teams.job", "bolt"),
        ),
    ),
)


class PlatformAdmin(HouseAdmin):
    """An admin for operators: only the pages named are there, and nothing is changed but by deeds."""

    pages: ClassVar[frozenset[str]] = frozenset({"changelist"})
    change_form_template = "admin/platform_form.html"

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses of the pages named."""
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        names = {prefix + page for page in self.pages}
        return [row for row in super().get_urls() if row.name in names]

    def may_do(self, request: Any, deed: Any, row: Any = None) -> bool:
        """Every operator may do every deed."""
        return operates(request.user)

    def has_module_permission(self, request: Any) -> bool:
        """Every operator sees every place."""
        return operates(request.user)

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        """Every operator sees every row."""
        return operates(request.user)

    def has_add_permission(self, request: Any) -> bool:
        """Where there is a page for it."""
        return "add" in self.pages and operates(request.user)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Nobody: there are deeds."""
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Nobody."""
        return False


class PlatformSite(HouseSite):
    """Django's admin for operators; for everybody else there is nothing at its addresses."""

    index_template = "admin/platform.html"
    stranger = Http404
    without = HouseSite.without | {"autocomplete"}  # no form here chooses a row

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Refuse what was not written for operators. Raises ImproperlyConfigured."""
        if not issubclass(admin_class or object, PlatformAdmin):
            raise ImproperlyConfigured(f"{admin_class} is no PlatformAdmin")
        super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: Any) -> bool:
        """Operators only."""
        return operates(request.user)

    def extra_context(self, context: dict[str, Any], request: Any) -> dict[str, Any]:
        """What every page knows."""
        more = {"site_subheader": _("Operators"), "site_url": None, "show_history": False}
        return super().extra_context(context, request) | more

    def get_sidebar_list(self, request: Any) -> list[dict[str, Any]]:
        """The places."""
        return sidebar(self, request, PLACES)

    def index(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """How many there are, what waits, and who gives signs of life."""
        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": _("Start"),
            "counts": figures.counts(),
            "jobs": figures.jobs(),
            "signs": figures.signs(),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.index_template, context)


def operates(user: Any) -> bool:
    """Whether this is an operator; nobody in particular is none."""
    return bool(getattr(user, "is_operator", False))


platform = PlatformSite("platform")
