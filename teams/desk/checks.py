"""An admin that is not scoped does not get to the desk: the site refuses it at start-up, each fault in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ShowFacets, SimpleListFilter
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from teams.desk.scoped import DeskForm, OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.identity.models import OrganizationModel

# Nobody's rows: whoever may change them here makes themselves what they like.
FORBIDDEN_APPS = frozenset({"auth", "admin", "sessions", "contenttypes", "django_q", "guardian"})
FORBIDDEN_MODELS = frozenset({"teams.User", "teams.Organization", "teams.Beat"})


def faults(model: type[models.Model], admin: type[Any]) -> list[str]:
    """Everything for which an admin class must not stand at the desk."""
    return [*_faults_of_model(model), *_faults_of_class(admin), *_faults_of_filters(model, admin)]


def _faults_of_model(model: type[models.Model]) -> Iterator[str]:
    if model._meta.app_label in FORBIDDEN_APPS or model._meta.label in FORBIDDEN_MODELS:
        yield f"{model._meta.label} must not be at the desk"
    elif not issubclass(model, OrganizationModel):
        yield f"{model._meta.label} belongs to no organization"


def _faults_of_class(admin: type[Any]) -> Iterator[str]:
    if not issubclass(admin, OrganizationAdmin):
        yield f"{admin.__name__} is not an OrganizationAdmin"
        return
    if admin.view_on_site is not False:
        yield f"{admin.__name__}.view_on_site would answer for any row of any organization"
    if admin.show_facets is not ShowFacets.NEVER:
        yield f"{admin.__name__}.show_facets would count what the filters hide"
    if admin.raw_id_fields:
        yield f"{admin.__name__}.raw_id_fields name rows without asking whose they are; use autocomplete_fields"
    forms: list[type[Any]] = [form for form in (admin.form, admin.add_form) if form is not None]
    for form in forms:
        if not issubclass(form, DeskForm):
            yield f"{form.__name__} is not a DeskForm, so it does not know its organization"
    for inline in admin.inlines:
        if not issubclass(inline, OrganizationInline):
            yield f"{inline.__name__} is not an OrganizationInline"
    for action in admin.actions or ():
        function = action if callable(action) else getattr(admin, action, None)
        if not hasattr(function, "deed"):
            yield f"{admin.__name__}: the action {action} is not a deed, so no verb guards it"


def _faults_of_filters(model: type[models.Model], admin: type[Any]) -> Iterator[str]:
    for item in getattr(admin, "list_filter", ()):
        if isinstance(item, str):
            if _crosses(model, item):
                yield f"{admin.__name__}: the filter {item!r} would list other organizations' rows"
        elif isinstance(item, tuple | list):
            if _crosses(model, item[0]) and not issubclass(item[1], ScopedFilter):
                yield f"{admin.__name__}: the filter {item[0]!r} must be a ScopedFilter"
        elif not issubclass(item, SimpleListFilter):
            yield f"{admin.__name__}: {item!r} is no filter that we know"


def _crosses(model: type[models.Model], path: str) -> bool:
    """Whether a filter's path leads to other rows."""
    try:
        return model._meta.get_field(path.split("__")[0]).is_relation
    except FieldDoesNotExist:
        return True


def desk_is_scoped(registry: dict[type[models.Model], Any]) -> list[CheckMessage]:
    """A system check over whatever is registered, however it got there."""
    return [
        Error(fault, obj=admin.__class__, id="desk.E001")
        for model, admin in registry.items()
        for fault in faults(model, type(admin))
    ]
