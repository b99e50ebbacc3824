"""Runs at the desk: what waits for a pipeline, what one is doing, and calling it off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from slices.runs.actions import cancel
from slices.runs.models import Run
from teams.desk.attention import Call, attention
from teams.desk.columns import linked, status
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, ScopedFilter
from teams.desk.site import desk
from teams.identity.models import Organization
from teams.identity.refused import Refused

FAILED = (Run.State.FAILED, Run.State.EXPIRED)


@admin.register(Run, site=desk)
class RunAdmin(OrganizationAdmin):
    """Work for a pipeline; Sluice itself trains nothing."""

    fields = (
        "project_link",
        "kind",
        "state_shown",
        "model_name",
        "version_link",
        "eval_version_link",
        "as_of",
        "snapshot_link",
        "eval_snapshot_link",
        "model_link",
        "pool",
        "params",
        "attempt",
        "worker",
        "progress",
        "report",
        "error",
        "created_at",
        "started_at",
        "ended_at",
    )
    readonly_fields = (
        "project_link",
        "state_shown",
        "version_link",
        "eval_version_link",
        "snapshot_link",
        "eval_snapshot_link",
        "model_link",
    )
    list_display = (
        "pk",
        "kind",
        "state_shown",
        "model_name",
        "version_link",
        "attempt",
        "worker",
        "created_at",
    )
    list_filter = ("state", "kind", "pool", ("project", ScopedFilter))
    list_select_related = (
        "project",
        "slice_version__slice",
        "eval_slice_version__slice",
        "model_version",
        "snapshot__slice_version__slice",
        "eval_snapshot__slice_version__slice",
    )
    search_fields = ("=id", "model_name", "worker", "error")
    search_help_text = _("Search by number, model, worker or error")
    actions = ("cancel",)
    project_link = linked("project", _("project"))
    version_link = linked("slice_version", _("slice"))
    eval_version_link = linked("eval_slice_version", _("evaluated on"))
    snapshot_link = linked("snapshot", _("snapshot"))
    eval_snapshot_link = linked("eval_snapshot", _("evaluation snapshot"))
    model_link = linked("model_version", _("model version"))
    state_shown = status("state", _("state"))

    @deed(_("Cancel"), verb="projects.manage_project", check=lambda row: check_cancel(row), danger=True)
    def cancel(self, request: Any, row: Run) -> None:
        """At once, or at its worker's next heartbeat."""
        cancel(run=row, by=request.user)


def check_cancel(run: Run) -> None:
    """What has ended cannot be called off."""
    if run.state in Run.ENDED:
        raise Refused(_("This run has already ended."))
    if run.cancel_requested_at is not None:
        raise Refused(_("Its worker will be told at the next heartbeat."))


@attention
def failed_runs(organization: Organization) -> Iterator[Call]:
    """Where the newest training of a model failed."""
    training = organization.runs.filter(kind=Run.Kind.TRAIN)
    newest = training.order_by().values("project", "model_name").annotate(last=Max("pk")).values("last")
    for run in training.filter(pk__in=newest, state__in=FAILED)[:20]:
        words = _("The last training of %(model)s failed: run %(run)s.") % {
            "model": run.model_name,
            "run": run.pk,
        }
        yield Call(words, reverse("admin:slices_run_change", args=[run.pk]), "bad")
