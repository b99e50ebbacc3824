"""Schedules at the desk: make, pause, resume, run now; and what each decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from slices.schedules.actions import (
    check_pause,
    check_resume,
    check_run_now,
    create_schedule,
    pause,
    resume,
    run_now,
)
from slices.schedules.models import Schedule, Tick
from slices.schedules.saying import rhythm, sentence
from teams.desk.attention import Call, attention
from teams.desk.columns import linked, status
from teams.desk.deeds import ReasonForm, deed
from teams.desk.scoped import DeskForm, OrganizationAdmin, OrganizationInline, ScopedFilter
from teams.desk.site import desk
from teams.identity.models import Organization

VERB = "projects.manage_project"
HELP = {
    "cron": _("Five fields, for example 0 6 * * 1-5; or leave it empty and give seconds."),
    "every_s": _("Instead of cron."),
    "time_zone": _("The zone that the cron speaks of, for example Europe/Lisbon."),
    "min_new": _("Skip a run while there are fewer new labels than this."),
    "pool": _("Which of your machines may claim its runs."),
    "eval_slice": _("What each new model is held to."),
}


class ScheduleForm(DeskForm):
    """A rhythm, what is trained on, and what it is held to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in HELP.items():
            if name in self.fields:
                self.fields[name].help_text = str(words)

    def _get_validation_exclusions(self) -> set[str]:
        # the action says in words what the constraint on the two columns would say in code
        return super()._get_validation_exclusions() | {"every_s", "cron"}


class TickInline(OrganizationInline):
    """Its last decisions."""

    model = Tick
    fields = ("scheduled_for", "verdict", "why", "run")
    readonly_fields = ("why",)
    verbose_name_plural = _("decisions, newest first")
    ordering = ("-scheduled_for",)
    per_page = 20

    def get_queryset(self, request: Any) -> models.QuerySet[Tick]:
        """With the runs."""
        return super().get_queryset(request).select_related("run")

    @display(description=_("why"))
    def why(self, row: Tick) -> str:
        """In one line."""
        return sentence(row)


@admin.register(Schedule, site=desk)
class ScheduleAdmin(OrganizationAdmin):
    """Freezes a slice in a rhythm and has a model trained on it."""

    add_verb = VERB
    form = ScheduleForm
    add_fields = (
        "project",
        "name",
        "slice",
        "eval_slice",
        "model_name",
        "cron",
        "every_s",
        "time_zone",
        "min_new",
        "pool",
        "params",
    )
    fields = (
        "project_link",
        "name",
        "state_shown",
        "state_reason",
        "rhythm_shown",
        "next_due_at",
        "slice_link",
        "eval_link",
        "model_name",
        "min_new",
        "pool",
        "params",
        "watermark_at",
    )
    readonly_fields = ("project_link", "state_shown", "rhythm_shown", "slice_link", "eval_link")
    inlines = (TickInline,)
    list_display = (
        "name",
        "project_link",
        "state_shown",
        "rhythm_shown",
        "next_due_at",
        "slice_link",
        "reason",
    )
    list_filter = ("state", ("project", ScopedFilter), ("slice", ScopedFilter))
    list_select_related = ("project", "slice", "eval_slice")
    search_fields = ("name", "model_name", "project__name")
    search_help_text = _("Search by name, model or project")
    ordering = ("name", "id")
    actions = ("pause", "resume", "run_now")
    project_link = linked("project", _("project"))
    slice_link = linked("slice", _("trains on"))
    eval_link = linked("eval_slice", _("is held to"))
    state_shown = status("state", _("state"))

    @display(description=_("rhythm"))
    def rhythm_shown(self, row: Schedule) -> str:
        """As it was written."""
        return rhythm(row)

    @display(description=_("why"), empty_value="—")
    def reason(self, row: Schedule) -> str | None:
        """Why it stands."""
        return row.state_reason or None

    def make_row(self, request: Any, obj: Schedule, form: Any) -> Schedule:
        """The first due time is counted from now."""
        asked = {name: form.cleaned_data[name] for name in self.add_fields}
        return create_schedule(by=request.user, **asked)

    @deed(_("Pause"), verb=VERB, check=check_pause, form=ReasonForm)
    def pause(self, request: Any, row: Schedule, reason: str) -> None:
        """Nothing is due until it is resumed."""
        pause(schedule=row, reason=reason, by=request.user)

    @deed(_("Resume"), verb=VERB, check=check_resume)
    def resume(self, request: Any, row: Schedule) -> None:
        """Due again from the next time on."""
        resume(schedule=row, by=request.user)

    @deed(_("Run now"), verb=VERB, check=check_run_now)
    def run_now(self, request: Any, row: Schedule) -> None:
        """Out of turn."""
        run_now(schedule=row, by=request.user)


@admin.register(Tick, site=desk)
class TickAdmin(OrganizationAdmin):
    """One recorded decision for one due time."""

    fields = ("schedule_link", "scheduled_for", "decided_at", "verdict", "why", "facts", "run_link")
    readonly_fields = ("schedule_link", "why", "run_link")
    list_display = ("scheduled_for", "schedule_link", "verdict", "why", "run_link", "decided_at")
    list_filter = ("verdict", ("schedule", ScopedFilter))
    list_select_related = ("schedule", "run")
    search_fields = ("schedule__name", "reason")
    search_help_text = _("Search by schedule or reason")
    schedule_link = linked("schedule", _("schedule"))
    run_link = linked("run", _("run"))

    @display(description=_("why"))
    def why(self, row: Tick) -> str:
        """In one line."""
        return sentence(row)


@attention
def standing_schedules(organization: Organization) -> Iterator[Call]:
    """Rules that cannot be followed stop one schedule until somebody mends it."""
    for schedule in organization.schedules.filter(state=Schedule.State.BROKEN)[:20]:
        words = _("Schedule “%(name)s” has stopped: %(why)s") % {
            "name": schedule.name,
            "why": schedule.state_reason or _("its rule cannot be followed."),
        }
        yield Call(words, reverse("admin:slices_schedule_change", args=[schedule.pk]), "bad")
    for schedule in organization.schedules.filter(state=Schedule.State.PAUSED)[:20]:
        words = _("Schedule “%(name)s” is paused; nothing is retrained by it.") % {"name": schedule.name}
        yield Call(words, reverse("admin:slices_schedule_change", args=[schedule.pk]), "info")
