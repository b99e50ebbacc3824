"""`manage.py verify_audit`: recompute every organization's chain and say where it does not hold."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from teams.events.sealing import broken, head
from teams.identity.models import Organization


class Command(BaseCommand):
    """Read only; exit code 1 when something was changed, removed or slipped in."""

    help = "Check the audit's hash chain: changed, removed and slipped-in events are named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", nargs="?", help="the address of one organization; all if absent")

    def handle(self, *args: Any, organization: str | None, **options: Any) -> None:
        """One line an organization: how many events, the last digest; then what does not hold."""
        rows = Organization.objects.filter(slug=organization) if organization else Organization.objects.all()
        faults = [fault for row in rows.order_by("slug") for fault in self.check_one(row)]
        if faults:
            sys.exit(1)

    def check_one(self, organization: Organization) -> list[str]:
        """Say how one chain stands."""
        faults = list(broken(organization))
        sealed, digest = head(organization)
        self.stdout.write(f"{organization.slug}: {sealed} events sealed, last digest {digest}")
        for fault in faults:
            self.stderr.write(f"{organization.slug}: {fault}")
        return faults
