"""The stream."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "The stream"

    def ready(self) -> None:
        """Make this floor's events and places known."""
        from projects.conditions.fields import register_source
        from projects.conditions.predicted import STARTS, predicted
        from projects.schemas.kinds import KINDS as schemas
        from projects.streams import handlers
        from projects.streams.forgetting import forget_keys
        from projects.streams.kinds import KINDS as streams
        from teams.desk.navigation import register_item
        from teams.events.actions import register
        from teams.work.erasing import register_eraser

        register(*schemas, *streams)
        register_source(predicted, *STARTS)
        register_eraser("checks of attributes", forget_keys, words=_("keys found by checks of attributes"))
        assert handlers  # registered by being imported
        view = "projects.view_project"
        register_item(_("Stream"), "project", key="e", permission=view, scope="project", order=10)
