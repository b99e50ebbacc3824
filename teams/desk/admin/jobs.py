"""Work for later, at the desk: what waits, what has given up, and trying it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from teams.desk.attention import Call, attention
from teams.desk.columns import status
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin
from teams.desk.site import desk
from teams.identity.models import Organization
from teams.work.jobs import check_retry, retry
from teams.work.models import Job


@admin.register(Job, site=desk)
class JobAdmin(OrganizationAdmin):
    """Attempts are counted before the work; after the last one a job is dead and waits for a person."""

    fields = (
        "kind",
        "state_shown",
        "attempts",
        "error",
        "args",
        "is_long",
        "created_at",
        "run_after",
        "ended_at",
    )
    list_display = ("kind", "state_shown", "attempts", "created_at", "run_after", "ended_at", "error_shown")
    list_filter = ("state", "is_long")
    search_fields = ("kind", "error")
    search_help_text = _("Search by kind or error")
    actions = ("try_again",)
    state_shown = status("state", _("state"))

    @display(description=_("error"), empty_value="—")
    def error_shown(self, row: Job) -> str | None:
        """Its beginning."""
        return row.error[:120] or None

    @deed(_("Try again"), verb="projects.manage_project", check=check_retry)
    def try_again(self, request: Any, row: Job) -> None:
        """With all its attempts."""
        retry(job=row, by=request.user)


@attention
def dead_jobs(organization: Organization) -> Iterator[Call]:
    """Work that nobody will do unless somebody looks."""
    n = organization.jobs.filter(state=Job.State.DEAD).count()
    if n:
        words = ngettext(
            "%(n)s piece of work has given up after its last attempt.",
            "%(n)s pieces of work have given up after their last attempt.",
            n,
        )
        yield Call(words % {"n": n}, reverse("admin:teams_job_changelist") + "?state__exact=dead", "bad")
