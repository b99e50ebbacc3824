"""The wiring as an app: its commands are found, and the managers' desk is put together."""

from importlib import import_module

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, register
from django.db.models.signals import post_migrate

FLOORS = ("teams", "projects", "labeling", "slices")


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Sluice"

    def ready(self) -> None:
        """Bring every floor's admins to the desk, and the operators' to their site; nobody else's have a place."""
        from config.roles import give_rights

        for floor in FLOORS:
            import_module(f"{floor}.admin")
        register(check_desk)
        post_migrate.connect(give_rights, sender=apps.get_app_config(FLOORS[-1]))


def check_desk(app_configs: object, **unused: object) -> list[CheckMessage]:
    """System check: whatever got to the desk is scoped."""
    from teams.desk.checks import desk_is_scoped
    from teams.desk.site import desk

    return desk_is_scoped(desk._registry)
