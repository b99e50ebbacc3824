"""Snapshots at the desk: frozen, so there is nothing to edit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from slices.snapshots.forms import PinForm
from slices.snapshots.models import Snapshot
from slices.snapshots.pinning import check_held, check_pin, pin, release_all
from teams.desk.columns import linked, short_hash
from teams.desk.deeds import deed
from teams.desk.scoped import OrganizationAdmin, ScopedFilter
from teams.desk.site import desk


@admin.register(Snapshot, site=desk)
class SnapshotAdmin(OrganizationAdmin):
    """What a training run or an evaluation saw."""

    fields = (
        "project_link",
        "version_link",
        "role",
        "as_of",
        "n_total",
        "n_by_split",
        "n_by_label",
        "funnel",
        "manifest_sha256",
        "content_sha256",
        "built_at",
    )
    readonly_fields = ("project_link", "version_link")
    actions = ("keep", "let_go")
    list_display = ("version_link", "role", "as_of", "n_total", "hash_shown", "project_link", "built_at")
    list_filter = ("role", ("project", ScopedFilter), ("slice_version__slice", ScopedFilter))
    list_select_related = ("project", "slice_version__slice")
    search_fields = ("slice_version__slice__name", "manifest_sha256")
    search_help_text = _("Search by slice or hash")
    project_link = linked("project", _("project"))
    version_link = linked("slice_version", _("slice"))
    hash_shown = short_hash("manifest_sha256", _("manifest"))

    @deed(_("Keep"), verb="projects.manage_project", check=check_pin, form=PinForm)
    def keep(self, request: Any, row: Snapshot, reason: str) -> None:
        """Its files stay until somebody lets it go."""
        pin(snapshot=row, reason=reason, by=request.user)

    @deed(_("Let go"), verb="projects.manage_project", check=check_held)
    def let_go(self, request: Any, row: Snapshot) -> None:
        """Every pin is taken off; its files stay only as long as something needs them."""
        release_all(snapshot=row, by=request.user)
