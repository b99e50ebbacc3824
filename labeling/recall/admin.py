"""Recalls at the desk: what each came to; taking back and going on are deeds. They are made on the project's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from labeling.recall.actions import check_resume, check_undo, resume, undo
from labeling.recall.models import Recall
from teams.desk.columns import linked, status
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, ScopedFilter
from teams.desk.site import desk

VERB = "projects.manage_project"


@admin.register(Recall, site=desk)
class RecallAdmin(OrganizationAdmin):
    """What was recalled, why, and by whom."""

    fields = (
        "reason",
        "project_link",
        "state_shown",
        "person",
        "queue_link",
        "since",
        "until",
        "question",
        "value",
        "answers",
        "reopened",
        "resettled",
        "golds",
        "restored",
        "made_by",
        "made_at",
        "done_at",
        "undone_by",
        "undone_at",
    )
    readonly_fields = ("project_link", "queue_link", "state_shown")
    list_display = (
        "reason",
        "project_link",
        "state_shown",
        "person",
        "answers",
        "restored",
        "made_by",
        "made_at",
    )
    list_filter = ("state", ("project", ScopedFilter))
    list_select_related = ("project", "person", "made_by")
    search_fields = ("reason",)
    search_help_text = _("Search by reason")
    ordering = ("-id",)
    actions = ("undo", "resume")
    project_link = linked("project", _("project"))
    queue_link = linked("queue", _("queue"))
    state_shown = status("state", _("state"))

    @deed(_("Take back"), verb=VERB, check=check_undo)
    def undo(self, request: Any, row: Recall) -> None:
        """Put the answers back where nothing newer stands."""
        undo(recall=row, by=request.user)

    @deed(_("Go on"), verb=VERB, check=check_resume)
    def resume(self, request: Any, row: Recall) -> None:
        """Go on where it stopped."""
        resume(recall=row, by=request.user)
