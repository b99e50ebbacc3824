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
        from projects.erasure import handlers as erasure
        from projects.erasure.groups import erase_groups
        from projects.erasure.kinds import KINDS as erasures
        from projects.erasure.sweeping import sweep_drafts
        from projects.erasure.uploads import count_uploads, erase_uploads
        from projects.schemas.kinds import KINDS as schemas
        from projects.streams import handlers
        from projects.streams.forgetting import forget_keys
        from projects.streams.kinds import KINDS as streams
        from projects.streams.sweeping import sweep_media
        from teams.desk.navigation import register_item
        from teams.events.actions import register
        from teams.work.erasing import register_eraser
        from teams.work.sweeping import register_sweeper

        register(*schemas, *streams, *erasures)
        register_sweeper("media", sweep_media)
        register_sweeper("erasures", sweep_drafts)
        register_source(predicted, *STARTS)
        register_eraser("checks of attributes", forget_keys, words=_("keys found by checks of attributes"))
        assert erasure
        assert handlers  # registered by being imported
        register_eraser("groups", erase_groups, words=_("Groups placed by imports"), at_once=True)
        register_eraser("uploads", erase_uploads, words=_("Uploaded files"), count=count_uploads)
        view = "projects.view_project"
        register_item(_("Stream"), "project", key="e", permission=view, scope="project", order=10)
        manage = "projects.manage_project"
        pages = ["erasures", "erasure"]
        register_item(_("Erasures"), "erasures", "z", manage, scope="project", order=90, pages=pages)
