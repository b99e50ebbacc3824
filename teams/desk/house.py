"""What every admin site of the house shares: its look, one page to sign in, no leaks, and no log of Django's."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, ClassVar

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django import forms
from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse, reverse_lazy
from django.utils.functional import Promise
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from teams.desk.deeds import Deeds
from teams.desk.look import theme
from teams.desk.pages import Pages
from teams.identity.names import address_is_plain, name_is_plain
from teams.identity.refused import Refused

View = Callable[..., Any]

# The theme's scripts evaluate attributes and style elements inline; no other page may.
POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

# Django's and the theme's own addresses that the house does without, and why.
WITHOUT = {
    "view_on_site": "answers for any row of any organization",
    "logout": "signing out is one address for the whole site",
    "password_change": "a person's password is no matter of an admin site",
    "password_change_done": "a person's password is no matter of an admin site",
    "search": "remembers answers by person, whatever the organization",
}


class HouseSite(UnfoldAdminSite):
    """Django's admin in the theme of the house; `stranger` is what somebody who is signed in but not let in gets."""

    enable_nav_sidebar = True
    without: ClassVar[frozenset[str]] = frozenset(WITHOUT)
    stranger: ClassVar[type[Exception]] = PermissionDenied

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def check_let_in(self, request: Any) -> None:
        """Turn strangers away; who is not signed in is asked to."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise self.stranger

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """The door of every page."""
        guarded = csp_replace(POLICY)(super().admin_view(view, cacheable))

        def page(request: Any, *args: Any, **kwargs: Any) -> Any:
            self.check_let_in(request)
            return guarded(request, *args, **kwargs)

        return update_wrapper(page, guarded)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's, without those that would leak; all of them send to the one page to sign in."""
        kept = [row for row in super().get_urls() if getattr(row, "name", None) not in self.without]
        for row in kept:
            if isinstance(row, URLPattern):
                vars(row.callback).update(login_url=reverse_lazy("sign-in"))
        return kept

    def login(self, request: Any, extra_context: Any = None) -> HttpResponse:
        """There is one page to sign in."""
        self.check_let_in(request)
        start = reverse("admin:index", current_app=self.name)
        if request.user.is_authenticated:
            return redirect(start)
        return redirect(reverse("sign-in", query={"next": request.GET.get("next") or start}))

    login.login_required = False  # type: ignore[attr-defined]

    def extra_context(self, context: dict[str, Any], request: Any) -> dict[str, Any]:
        """What every page knows."""
        return context | theme()

    def get_log_entries(self, request: HttpRequest) -> list[Any]:
        """Events say what happened; Django's own log stays empty."""
        return []


class HouseForm(forms.ModelForm):
    """Says what an action refused, and takes no name that could pass for another."""

    refusal: ClassVar[str | Promise] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, one in self.fields.items():
            if name.endswith("name") and isinstance(one, forms.CharField):
                one.validators = [*one.validators, name_is_plain]
            elif isinstance(one, forms.EmailField):
                one.validators = [*one.validators, address_is_plain]

    def clean(self) -> dict[str, Any]:
        """With the sentence of an action that refused what was otherwise right."""
        super().clean()
        if self.refusal:
            raise forms.ValidationError(str(self.refusal))
        return self.cleaned_data


class HouseAdmin(Deeds, ModelAdmin):
    """An admin with deeds: actions of the rooms write, what they refuse is said in the form.

    `place` is what the side calls it, if not by its rows; `adding` what a new row is called for whoever makes it.
    """

    form = HouseForm
    add_form: ClassVar[type[forms.ModelForm] | None] = None
    add_fields: ClassVar[tuple[Any, ...]] = ()
    place: ClassVar[str | Promise] = ""
    adding: ClassVar[str | Promise] = ""
    list_per_page = 50
    paginator = Pages
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    view_on_site = False
    ordering: Any = ("-pk",)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A form class of this request: it carries what was refused."""
        if obj is None and self.add_form is not None:
            kwargs["form"] = self.add_form
        form = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "desk_refusal", "")
        return form

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        """What is asked for a new row may differ from what can be changed."""
        return self.add_fields if obj is None and self.add_fields else super().get_fields(request, obj)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        """What is asked for a new row can be filled in."""
        rows = super().get_readonly_fields(request, obj)
        return tuple(row for row in rows if row not in self.add_fields) if obj is None else rows

    def get_inlines(self, request: Any, obj: Any = None) -> Any:
        """A row that is not there yet has nothing below it."""
        return super().get_inlines(request, obj) if obj else ()

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Only what the list's own filters ask; every other parameter is refused."""
        names = [item[0] if isinstance(item, tuple) else item for item in self.get_list_filter(request)]
        names = [getattr(name, "parameter_name", name) for name in names]
        if not any(lookup == name or lookup.startswith(f"{name}__") for name in names):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def get_changelist_instance(self, request: Any) -> Any:
        """Without a filter, what is found is all there is; nothing is counted twice."""
        found = super().get_changelist_instance(request)
        found.title = capfirst(str(self.place or self.opts.verbose_name_plural))
        if not found.query and not found.has_active_filters:
            found.full_result_count = found.result_count
        if found.paginator.is_cut:
            # "All" would be said of fewer than are meant: only what is shown can be chosen.
            found.result_count = len(found.result_list)
        return found

    def changeform_view(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """What an action refuses is shown in the form, with everything that was typed."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refusal:
            request.desk_refusal = refusal.sentence
            return super().changeform_view(request, *args, **kwargs)

    def render_change_form(self, request: Any, context: Any, **kwargs: Any) -> Any:
        """With the buttons of what can be done to the row."""
        obj = kwargs.get("obj")
        if obj is None and self.adding:
            context["title"] = self.adding
        context["deeds"] = self.deeds_for(request, obj) if obj is not None else []
        return super().render_change_form(request, context, **kwargs)

    def _get_obj_does_not_exist_redirect(self, request: Any, opts: Any, object_id: str) -> HttpResponse:
        raise Http404  # a foreign row is answered as one that never was

    def log_addition(self, request: Any, obj: Any, message: Any) -> None:
        """Events say what happened; Django's own log stays empty."""

    def log_change(self, request: Any, obj: Any, message: Any) -> None:
        """Events say what happened; Django's own log stays empty."""

    def log_deletions(self, request: Any, queryset: Any) -> None:
        """Events say what happened; Django's own log stays empty."""
