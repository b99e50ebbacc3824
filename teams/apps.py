"""The ground floor: people, what happened, work for later."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeamsConfig(AppConfig):
    name = "teams"
    verbose_name = "People"

    def ready(self) -> None:
        """Make this floor's kinds of event, and the token's scheme in the OpenAPI schema, known."""
        import teams.access.openapi  # noqa: F401
        from teams.access import handlers as access
        from teams.access.forgetting import erase_answers
        from teams.desk.kinds import KINDS as desk
        from teams.desk.navigation import register_item
        from teams.events.actions import register
        from teams.events.kinds import KINDS
        from teams.people import handlers as people
        from teams.platform.kinds import KINDS as platform
        from teams.work import handlers as work
        from teams.work.erasing import register_eraser
        from teams.work.forgetting import forget_errors

        register(*KINDS, *desk, *platform)
        assert access
        assert people
        assert work  # handlers are registered by being imported
        register_eraser("stored-answers", erase_answers, words=_("stored answers to calls"))
        register_eraser("job errors", forget_errors, words=_("Messages of failed jobs"))
        register_item(_("Access"), "access", key="a", permission="teams.view_people", order=80)
        register_item(
            _("Settings"), "organization", key="o", permission="teams.manage_organization", order=95
        )
        register_item(_("Desk"), "desk", key="m", permission="teams.manage_desk", order=90)
