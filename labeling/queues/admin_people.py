"""People's qualifications and pauses at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Count
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from labeling.queues.models import Credential, Pause, Qualification
from labeling.queues.people import check_end, end_pause, give_credential, pause_person, take_credential
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk

VERB = "projects.manage_project"


class CredentialInline(OrganizationInline):
    """Who has it: given and taken back, never edited."""

    model = Credential
    add_verb = delete_verb = VERB
    fields = ("user", "expires_at", "given_at", "given_by")
    readonly_fields = ("given_at", "given_by")
    can_delete = True
    show_change_link = False
    verbose_name = _("person")
    verbose_name_plural = _("who has it")

    def get_queryset(self, request: Any) -> models.QuerySet[Credential]:
        """With the people."""
        return super().get_queryset(request).select_related("user", "given_by", "qualification")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        """When and by whom is not asked."""
        return self.readonly_fields


@admin.register(Qualification, site=desk)
class QualificationAdmin(OrganizationAdmin):
    """What queues may require of people."""

    add_verb = change_verb = VERB
    fields = add_fields = ("name", "text")
    inlines = (CredentialInline,)
    list_display = ("name", "text", "n_people")
    search_fields = ("name",)
    search_help_text = _("Search by name")
    ordering = ("name", "id")

    def get_queryset(self, request: Any) -> models.QuerySet[Qualification]:
        """With how many people have it."""
        return super().get_queryset(request).annotate(n_people=Count("credentials"))

    @display(description=_("people"), ordering="n_people")
    def n_people(self, row: Any) -> int:
        """How many have it, expired or not."""
        return int(row.n_people)

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        """Through the room's actions."""
        rows = formset.save(commit=False)
        for row in formset.deleted_objects:
            take_credential(credential=row, by=request.user)
        for row in rows:
            give_credential(
                qualification=form.instance, user=row.user, expires_at=row.expires_at, by=request.user
            )


@admin.register(Pause, site=desk)
class PauseAdmin(OrganizationAdmin):
    """People who get no tasks for a while."""

    add_verb = VERB
    fields = ("user", "queue", "reason", "paused_at", "paused_by", "ended_at")
    add_fields = ("user", "queue", "reason")
    list_display = ("user", "queue", "reason", "paused_at", "ended_at")
    list_filter = (("queue", ScopedFilter), ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("user", "queue", "paused_by")
    search_fields = ("user__name", "user__email")
    search_help_text = _("Search by person")
    ordering = ("-id",)
    actions = ("end",)

    def make_row(self, request: Any, obj: Pause, form: Any) -> Pause:
        """By the room's action."""
        given = {name: form.cleaned_data[name] for name in self.add_fields}
        return pause_person(organization=request.organization, by=request.user, **given)

    @deed(_("End the pause"), verb=VERB, check=check_end)
    def end(self, request: Any, row: Pause) -> None:
        """Give them tasks again."""
        end_pause(pause=row, by=request.user)
