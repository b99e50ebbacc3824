"""Asks at the desk: what pipelines asked, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from labeling.asks.actions import stop
from labeling.asks.models import Ask
from teams.desk.columns import linked, status
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, ScopedFilter
from teams.desk.site import desk
from teams.identity.refused import Refused


@admin.register(Ask, site=desk)
class AskAdmin(OrganizationAdmin):
    """An ask ends exactly once: answered, timed out or stopped."""

    fields = (
        "project_link",
        "name",
        "state_shown",
        "task_link",
        "prediction",
        "deadline_at",
        "on_timeout",
        "default_answer",
        "result",
        "created_at",
        "first_claim_at",
        "ended_at",
    )
    readonly_fields = ("project_link", "state_shown", "task_link")
    list_display = (
        "name",
        "project_link",
        "state_shown",
        "created_at",
        "deadline_at",
        "ended_at",
        "on_timeout",
    )
    list_filter = ("state", "on_timeout", ("project", ScopedFilter))
    list_select_related = ("project", "task__queue")
    search_fields = ("name",)
    search_help_text = _("Search by the name that the pipeline gave")
    actions = ("stop",)
    project_link = linked("project", _("project"))
    task_link = linked("task", _("task"))
    state_shown = status("state", _("state"))

    @deed(_("Stop"), verb="projects.manage_project", check=lambda row: check_stop(row), danger=True)
    def stop(self, request: Any, row: Ask) -> None:
        """Nobody needs the answer any longer."""
        stop(ask=row, by=request.user)


def check_stop(ask: Ask) -> None:
    """Only what waits can be stopped."""
    if ask.state != Ask.State.QUEUED:
        raise Refused(_("This ask has ended already."))
