"""Slices and schedules."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SlicesConfig(AppConfig):
    name = "slices"
    verbose_name = "Slices and schedules"

    def ready(self) -> None:
        """Make this floor's events, work and places known."""
        from labeling.recall.uses import register_use
        from projects.conditions.references import register_resolver
        from projects.streams.dependents import register_dependents
        from projects.streams.panels import register_example_panel, register_panel
        from projects.streams.retention import register_keeper
        from slices.definitions import handlers as definitions_handlers
        from slices.definitions.counting import MEETING
        from slices.definitions.kinds import KINDS as definitions
        from slices.definitions.references import SliceResolver
        from slices.definitions.relying import relying_slices
        from slices.erasers import register_erasers, register_pinners
        from slices.families.kinds import KINDS as families
        from slices.families.meeting import meet
        from slices.families.relying import relying_levels
        from slices.gates import handlers as gates
        from slices.gates.kinds import KINDS as gates_kinds
        from slices.gates.readiness import readiness
        from slices.placements.kinds import KINDS as placements
        from slices.runs import handlers as runs
        from slices.runs.kinds import KINDS as runs_kinds
        from slices.runs.panels import used_panel
        from slices.runs.sweeping import sweep_results
        from slices.schedules import handlers as schedules
        from slices.schedules.kinds import KINDS as schedules_kinds
        from slices.schedules.relying import relying_schedules
        from slices.schedules.retraining import RECALLED
        from slices.snapshots import handlers as snapshots_handlers
        from slices.snapshots.blocks import held_by_snapshots
        from slices.snapshots.kinds import KINDS as snapshots
        from slices.snapshots.panels import slices_panel
        from slices.snapshots.sweeping import sweep_exports, sweep_frozen
        from teams.desk.navigation import register_item
        from teams.events.actions import register
        from teams.work.sweeping import register_sweeper

        register_erasers()
        register_pinners()
        register_use("made", RECALLED)
        register_sweeper("rows", sweep_frozen)
        register_sweeper("manifests", sweep_frozen)
        register_sweeper("exports", sweep_exports)
        register_sweeper("evaluations", sweep_results)
        register_keeper("snapshots", held_by_snapshots)
        register(*families)
        MEETING[:] = [meet]
        register(*definitions, *snapshots, *runs_kinds, *schedules_kinds, *placements, *gates_kinds)
        assert definitions_handlers
        register_resolver(SliceResolver())
        for source in (relying_slices, relying_levels, relying_schedules):
            register_dependents(source)
        assert snapshots_handlers
        assert runs
        assert schedules
        assert gates  # handlers are registered by being imported
        view = "projects.view_project"
        register_item(
            _("Explore"),
            "explore",
            key="x",
            permission=view,
            scope="project",
            order=15,
            pages=["explore-save"],
        )
        of_slices = ["snapshot", "snapshot-diff", "families", "family", "family-child"]
        register_item(
            _("Slices"), "slices", key="s", permission=view, scope="project", order=20, pages=of_slices
        )
        register_item(_("Runs"), "runs", key="r", permission=view, scope="project", order=30)
        register_item(_("Schedules"), "schedules", key="d", permission=view, scope="project", order=40)
        register_item(_("Placements"), "placements", key="p", permission=view, scope="project", order=50)
        register_example_panel(used_panel)
        register_panel(readiness, order=10)
        register_panel(slices_panel, order=20)
