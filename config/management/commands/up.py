"""`manage.py up`: web, worker, jobs and clock on one machine, until Ctrl-C."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from config.database import revive
from config.ports import PortInUse, check_port
from config.processes import processes
from config.supervisor import Supervisor


class Command(BaseCommand):
    """Migrate, then run every process under the supervisor."""

    help = "Run Sluice: web, worker, jobs and clock, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the web server, on 127.0.0.1")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        """Run until interrupted; everything that was started is stopped on the way out."""
        try:
            check_port(port)
            call_command("migrate", interactive=False, verbosity=options["verbosity"])
            connections.close_all()
            self.run(port)
        except PortInUse as problem:
            raise CommandError(str(problem)) from problem
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")

    def run(self, port: int) -> None:
        """The processes, until somebody stops them."""
        with Supervisor(processes(port), chores=[revive]) as supervisor:
            self.stdout.write(f"Sluice is at http://127.0.0.1:{port}/ and Ctrl-C stops it.")
            supervisor.wait()
