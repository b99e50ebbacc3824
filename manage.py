#!/usr/bin/env python3
"""Django's command line; the first start makes the environment and the database it needs."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must get as far as reading this sentence
    sys.exit("Sluice needs Python 3.11 or newer, and this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031


def main() -> None:
    """Run one command in the right environment, with the default database beside it."""
    from config.bootstrap import ensure_environment

    ensure_environment(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    # Only now: before this line Django may be missing, or be a distribution's older one.
    from django.core.management import execute_from_command_line

    from config.database import database_for, exit_on_signals

    exit_on_signals()
    with database_for(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
