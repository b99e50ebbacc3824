"""`manage.py migrate`: Django's own, as the owner of the database; then the application's role gets its rights."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate

from config.database import database_settings
from config.roles import as_owner, grant_to

ONLY_LOOKS = ("plan", "check_unapplied")


class Command(migrate.Command):
    """Without DATABASE_OWNER_URL it is exactly Django's; the database in .local always has both roles."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate and grant. Raises CommandError where the application's role is not one to grant to."""
        with as_owner() as apart:
            super().handle(*args, **options)
            if apart and not any(options.get(name) for name in ONLY_LOOKS):
                grant_to(role())


def role() -> str:
    """Who the application is in the database."""
    named = str(database_settings()["USER"])
    if not named:
        raise CommandError("DATABASE_URL must name its role beside DATABASE_OWNER_URL.")
    return named
