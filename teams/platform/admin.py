"""Organizations, people and dead jobs of the whole installation, for its operators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from teams.desk.deeds import deed
from teams.desk.house import HouseForm
from teams.identity.models import Organization, User
from teams.people.actions import check_close, check_reopen, close_organization, reopen_organization
from teams.platform.actions import (
    check_deactivate,
    check_let_in,
    deactivate_person,
    found_organization,
    let_person_in,
    view_organization,
)
from teams.platform.figures import with_figures, with_memberships
from teams.platform.site import PlatformAdmin, platform
from teams.work.jobs import check_retry, retry
from teams.work.models import Job


def moment(at: datetime | None) -> str | None:
    """A moment as the columns of Django's admin write it."""
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else None


class SureForm(forms.Form):
    """Asks for nothing but to be sent once more."""


class NewOrganizationForm(HouseForm):
    """A name, an address, and its first owner."""

    email = forms.EmailField(
        label=_("Owner's e-mail"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget,
        help_text=_("Who has an account already keeps it; who has none gets one without a password."),
    )
    owner_name = forms.CharField(
        label=_("Owner's name"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For a new account; people change their own names themselves."),
    )


@admin.register(Organization, site=platform)
class OrganizationAdmin(PlatformAdmin):
    """Who looks at one is in its audit."""

    pages = frozenset({"changelist", "add", "change"})
    add_form = NewOrganizationForm
    add_fields = ("name", "slug", "email", "owner_name")
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "is_active", "members", "created_at", "last_event")
    readonly_fields = ("is_active", "members", "created_at", "last_event")
    list_display = ("name", "slug", "standing", "members", "created_at", "last_event")
    list_filter = ("is_active",)
    search_fields = ("name", "slug")
    search_help_text = _("Search by name or address")
    ordering = ("name", "id")
    actions = ("close", "reopen")

    def get_queryset(self, request: Any) -> models.QuerySet[Organization]:
        """With how many people and how lately."""
        return with_figures(super().get_queryset(request))

    @display(description=_("standing"), ordering="is_active", label={"open": "success", "closed": "warning"})
    def standing(self, row: Organization) -> tuple[str, Any]:
        """Whether its doors open."""
        return ("open", _("Open")) if row.is_active else ("closed", _("Closed"))

    @display(description=_("members"), ordering="n_members")
    def members(self, row: Any) -> int:
        """People in it who may sign in; machines are not counted."""
        return int(row.n_members)

    @display(description=_("last event"), ordering="last_event_at", empty_value="—")
    def last_event(self, row: Any) -> str | None:
        """When something last happened there."""
        return moment(row.last_event_at)

    def render_change_form(self, request: Any, context: Any, **kwargs: Any) -> Any:
        """Whoever looks at one organization is written down."""
        if kwargs.get("obj") is not None:
            view_organization(organization=kwargs["obj"], by=request.user)
        return super().render_change_form(request, context, **kwargs)

    def save_model(self, request: Any, obj: Organization, form: Any, change: bool) -> None:
        """Only ever a new one, with its owner."""
        made = found_organization(**form.cleaned_data, by=request.user)
        obj.__dict__.update(made.__dict__)

    @deed(
        _("Close the organization"),
        check=check_close,
        form=SureForm,
        danger=True,
        words=_(
            "From now on nobody gets to its pages and its desk, and its tokens are refused. "
            "Nothing is deleted, and it can be opened again."
        ),
    )
    def close(self, request: Any, row: Organization) -> None:
        """Close every door of it."""
        close_organization(organization=row, by=request.user)

    @deed(_("Open again"), check=check_reopen)
    def reopen(self, request: Any, row: Organization) -> None:
        """Open the doors again."""
        reopen_organization(organization=row, by=request.user)


@admin.register(User, site=platform)
class PersonAdmin(PlatformAdmin):
    """People only; machines belong to their organizations. No page says which organizations somebody is in."""

    pages = frozenset({"changelist", "change"})
    fields = ("name", "email", "is_active", "operator", "organizations", "joined_at", "last_seen")
    readonly_fields = ("operator", "organizations", "last_seen")
    list_display = ("person", "is_active", "operator", "organizations", "joined_at", "last_seen")
    list_filter = ("is_active",)
    search_fields = ("name", "email")
    search_help_text = _("Search by name or e-mail")
    ordering = ("name", "email")
    actions = ("deactivate", "let_in")

    def get_queryset(self, request: Any) -> models.QuerySet[User]:
        """With the number of organizations."""
        return with_memberships(super().get_queryset(request).filter(is_service=False))

    @display(description=_("person"), header=True, ordering="name")
    def person(self, row: User) -> list[str]:
        """Name and address."""
        return [str(row), row.email]

    @display(description=_("operator"), empty_value="—")
    def operator(self, row: User) -> Any:
        """Whether they run the installation."""
        return _("Yes") if row.is_operator else None

    @display(description=_("organizations"), ordering="n_organizations")
    def organizations(self, row: Any) -> int:
        """How many they are a member of."""
        return int(row.n_organizations)

    @display(description=_("last sign-in"), ordering="last_login", empty_value=_("never"))
    def last_seen(self, row: User) -> str | None:
        """When they last signed in."""
        return moment(row.last_login)

    @deed(_("Deactivate"), check=check_deactivate, danger=True)
    def deactivate(self, request: Any, row: User) -> None:
        """Shut them out of the whole installation."""
        deactivate_person(user=row, by=request.user)

    @deed(_("Let in again"), check=check_let_in)
    def let_in(self, request: Any, row: User) -> None:
        """Let them sign in again."""
        let_person_in(user=row, by=request.user)


@admin.register(Job, site=platform)
class DeadJobAdmin(PlatformAdmin):
    """What has given up, anywhere. Arguments and the words of an error stay with the organization."""

    place = _("Dead jobs")
    list_display = ("kind", "organization", "attempts", "fault", "created_at", "ended_at")
    list_display_links = None
    list_select_related = ("organization",)
    search_fields = ("kind", "organization__name")
    search_help_text = _("Search by kind or organization")
    actions = ("try_again",)

    def get_queryset(self, request: Any) -> models.QuerySet[Job]:
        """Dead ones only."""
        return super().get_queryset(request).filter(state=Job.State.DEAD)

    @display(description=_("error"), empty_value="—")
    def fault(self, row: Job) -> str | None:
        """What kind of error; its message may quote what the job worked on."""
        kind, said, _message = row.error.partition(":")
        return kind if said and kind.isidentifier() else None

    @deed(_("Try again"), check=check_retry)
    def try_again(self, request: Any, row: Job) -> None:
        """With all its attempts."""
        retry(job=row, by=request.user)
