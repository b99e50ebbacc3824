"""Two database roles: the owner changes the schema; the app reads and writes rows, and can do no more than that.

They differ where DATABASE_OWNER_URL is set beside DATABASE_URL. The owner migrates, and gives the app its rights
after every migration.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from config.bootstrap import ROOT
from config.database import OWNER_URL, read_url

ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def migrate(*, verbosity: int) -> None:
    """Bring the schema up to date, as its owner. Raises CommandError where that fails."""
    if not os.environ.get(OWNER_URL):
        call_command("migrate", interactive=False, verbosity=verbosity)
        return
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--noinput", f"--verbosity={verbosity}"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise CommandError("The owner of the database could not migrate it; see above.")


def app_role() -> str | None:
    """The role of DATABASE_URL, where the owner is another."""
    owner, app = os.environ.get(OWNER_URL), os.environ.get("DATABASE_URL")
    if not owner or not app:
        return None
    names = [str(read_url(url)["USER"]) for url in (owner, app)]
    return names[1] if names[0] != names[1] else None


def give_rights(*, using: str = "default", **unused: Any) -> None:
    """After a migration: the app's role gets its rows."""
    role = app_role()
    if role is not None:
        grant_rows(role, using)


@transaction.atomic
def grant_rows(role: str, using: str = "default") -> None:
    """Give a role the rows of every table, except what nobody may change, and nothing besides.

    What is append-only for Sluice (its triggers say so) the role may not even try to change.
    """
    give(using, role, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    give(using, role, "REVOKE ALL ON SCHEMA public FROM {role}")
    give(using, role, "GRANT USAGE ON SCHEMA public TO {role}")
    give(using, role, f"GRANT {', '.join(ROWS)} ON ALL TABLES IN SCHEMA public TO {{role}}")
    give(using, role, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    for table, verbs in protected().items():
        give(using, role, f"REVOKE {', '.join(verbs)} ON {{table}} FROM {{role}}", table)


def protected() -> dict[str, Sequence[str]]:
    """What may never be done to which table: {table: verbs}. What depends on the row is left to its trigger."""
    found: dict[str, Sequence[str]] = {MigrationRecorder.Migration._meta.db_table: ROWS[1:]}
    for model, trigger in pgtrigger.registered():
        if isinstance(trigger, pgtrigger.Protect) and trigger.condition is None:
            found[model._meta.db_table] = [verb for verb in ROWS if verb in str(trigger.operation)]
    return found


def give(using: str, role: str, statement: str, table: str = "") -> None:
    """One GRANT or REVOKE."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role), table=sql.Identifier(table)))
