"""The scoped base of every admin at the desk: nothing of another organization is seen, chosen, named or touched.

Overriding only `get_queryset` would leak: filters list other tenants' rows, and a foreign-key field accepts
a forged id, because it validates against the default manager whatever the drop-down showed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin import RelatedOnlyFieldListFilter, ShowFacets
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.admin import TabularInline

from teams.desk.changes import changes
from teams.desk.choice import VERB
from teams.desk.export import Exports
from teams.desk.house import HouseAdmin, HouseForm
from teams.desk.telling import details, sentence, who
from teams.events.actions import record
from teams.identity.models import Organization, OrganizationModel, User

LAST_EVENTS = 200


def rows_of(organization: Organization, model: type[models.Model]) -> models.QuerySet[Any]:
    """What of a model may be named at this organization's desk; of an unclassified model, nothing."""
    rows = model._default_manager.all()
    if issubclass(model, OrganizationModel):
        return rows.filter(organization=organization)
    if issubclass(model, User):
        return rows.filter(memberships__organization=organization)
    return rows.none()


class ScopedFilter(RelatedOnlyFieldListFilter):
    """A filter by a relation that lists rows of this organization only."""

    MOST = 200

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> Any:
        """Every row that could be chosen, by name."""
        rows = rows_of(request.organization, field.remote_field.model)
        return sorted(((row.pk, str(row)) for row in rows[: self.MOST]), key=lambda pair: pair[1].lower())


class DeskForm(HouseForm):
    """Knows its organization, so that uniqueness is judged within it."""

    organization: ClassVar[Organization]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.organization_id is None:
            self.instance.organization = self.organization

    def _get_validation_exclusions(self) -> set[str]:
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclusions - {"organization"}


class Scoped:
    """What lists and inlines have in common. `*_verb` empty: nobody does it here."""

    add_verb: ClassVar[str] = ""
    change_verb: ClassVar[str] = ""
    delete_verb: ClassVar[str] = ""
    view_verb: ClassVar[str] = VERB

    show_facets = ShowFacets.NEVER
    view_on_site = False

    def get_queryset(self, request: Any) -> models.QuerySet[Any]:
        """Rows of this organization."""
        return super().get_queryset(request).filter(organization=request.organization)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Only rows of this organization are choices, and valid."""
        kwargs["queryset"] = rows_of(request.organization, db_field.remote_field.model)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Only rows of this organization are choices, and valid."""
        kwargs["queryset"] = rows_of(request.organization, db_field.remote_field.model)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def may(self, request: Any, verb: str, row: models.Model | None) -> bool:
        """Whether the role includes the verb, here and on this row."""
        if not verb or getattr(row, "organization_id", request.organization.pk) != request.organization.pk:
            return False
        return bool(request.user.has_perm(verb, request.organization))

    def has_module_permission(self, request: Any) -> bool:
        """Whoever sits at the desk sees its places."""
        return self.may(request, self.view_verb, None)

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        """Everything at the desk can be looked at from it."""
        return self.may(request, self.view_verb, obj)

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """By the verb of the class."""
        return self.may(request, self.add_verb, None)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """By the verb of the class."""
        return self.may(request, self.change_verb, obj)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """By the verb of the class."""
        return self.may(request, self.delete_verb, obj)


class OrganizationInline(Scoped, TabularInline):
    """Rows below a row, read only unless it says otherwise."""

    extra = 0
    show_change_link = True
    can_delete = False

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        """All of them, where nobody adds or changes a row."""
        return super().get_readonly_fields(request, obj) if self.add_verb or self.change_verb else self.fields


class OrganizationAdmin(Scoped, Exports, HouseAdmin):
    """The admin of a model whose rows belong to one organization.

    `make_row` and `change_row` are where a room's action takes over; without one the row is saved as it is
    and the event says which settings changed.
    """

    form = DeskForm
    object_history_template = "admin/object_history.html"

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A form class of this request: it carries the organization."""
        form = super().get_form(request, obj, change, **kwargs)
        form.organization = request.organization
        return form

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        """By the room's action; the organization is stamped, never asked."""
        if change:
            self.change_row(request, obj, form)
            return
        obj.organization = request.organization
        made = self.make_row(request, obj, form)
        obj.__dict__.update(made.__dict__)

    def make_row(self, request: Any, obj: Any, form: Any) -> models.Model:
        """A new row."""
        obj.save()
        record("desk.created", organization=request.organization, subject=obj, by=request.user)
        return obj

    def change_row(self, request: Any, obj: Any, form: Any) -> None:
        """Settings that no action changes."""
        changed = changes(form)
        if changed:
            obj.save(update_fields=list(changed))
            record("desk.changed", organization=request.organization, subject=obj, by=request.user, **changed)

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        """New rows of an inline get the organization of the desk."""
        for row in formset.save(commit=False):
            row.organization = request.organization
            row.save()
        for row in formset.deleted_objects:
            row.delete()
        formset.save_m2m()

    def delete_model(self, request: Any, obj: Any) -> None:
        """Deleted, and said."""
        record("desk.deleted", organization=request.organization, subject=obj, by=request.user)
        obj.delete()

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """The list before deleting names nothing of another organization, and nothing is deleted with it."""
        if any(obj.organization_id != request.organization.pk for obj in objs):
            raise PermissionDenied
        return super().get_deleted_objects(objs, request)

    def history_view(self, request: Any, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The events of a row."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        events = request.organization.events.about(obj).select_related("by")[:LAST_EVENTS]
        context = {
            **self.admin_site.each_context(request),
            "title": _("What happened: %s") % obj,
            "opts": self.opts,
            "object": obj,
            "events": [
                {"at": row.at, "who": who(row), "sentence": sentence(row), "details": details(row)}
                for row in events
            ],
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)
