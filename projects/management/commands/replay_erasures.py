"""`manage.py replay_erasures`: after a restore from a backup, erase again what was erased since the backup was made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from projects.erasure.replaying import replay
from teams.identity.models import Organization


class Command(BaseCommand):
    """Run it before anybody is let in again; run again, there is nothing left to do."""

    help = "Erase again what a restored database has forgotten that it erased."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", nargs="?", help="the address of one organization; all if absent")

    def handle(self, *args: Any, organization: str | None, **options: Any) -> None:
        """One line an organization: how many examples were erased again."""
        rows = Organization.objects.filter(slug=organization) if organization else Organization.objects.all()
        for row in rows.order_by("slug"):
            self.stdout.write(f"{row.slug}: {replay(row)} examples erased again")
