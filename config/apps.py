"""The wiring as an app: its commands are found, and the managers' desk is put together."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import CheckMessage, register

FLOORS = ("teams", "projects", "labeling", "slices")


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Sluice"

    def ready(self) -> None:
        """Bring every floor's admins to the desk, and the operators' to their site; nobody else's have a place."""
        for floor in FLOORS:
            import_module(f"{floor}.admin")
        register(check_desk)


def check_desk(app_configs: object, **unused: object) -> list[CheckMessage]:
    """System check: whatever got to the desk is scoped."""
    from teams.desk.checks import desk_is_scoped
    from teams.desk.site import desk

    return desk_is_scoped(desk._registry)
