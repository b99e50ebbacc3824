"""Two roles in one database: the owner migrates, and grants the application what it needs and no more than that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pgtrigger
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from config.database import owner_settings

PLACE = ("HOST", "PORT", "USER", "PASSWORD")
EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")
# What only a migration writes.
READ_ONLY = frozenset({"django_migrations", "django_content_type", "auth_permission"})
# Where it came from may be redacted, and the clock seals; what it belongs to never changes.
ONLY_COLUMNS = {"teams_eventdetail": ("address", "agent", "position", "digest")}

ORDINARY = """
    SELECT rolsuper OR rolbypassrls OR rolcreaterole,
           pg_has_role(rolname, current_user, 'MEMBER'),
           has_schema_privilege(rolname, current_schema(), 'CREATE'),
           EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relnamespace = current_schema()::regnamespace)
    FROM pg_roles WHERE rolname = %s
"""
FAULTS = (
    "is a superuser, may create roles or goes around row security",
    "is a member of the owner's role",
    "may create tables",
    "owns tables or sequences",
)
# Whatever lies in the schema and came by no extension.
RELATIONS = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind::text = ANY(%s)
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                      AND deptype = 'e')
    ORDER BY relname
"""


@contextmanager
def as_owner() -> Iterator[bool]:
    """The default connection is the owner's for as long as this block lasts; whether there is an owner apart.

    The database's name stays what it is, which in a test is not the one of the settings.
    """
    owner = owner_settings()
    if owner is None:
        yield False
        return
    with connected(owner):
        yield True


@contextmanager
def connected(place: dict[str, Any]) -> Iterator[None]:
    """The default connection is made with these settings for as long as this block lasts; not in a transaction."""
    before = dict(connection.settings_dict)
    connection.close()
    options = {**before["OPTIONS"], **place.get("OPTIONS", {})}
    connection.settings_dict.update({name: place[name] for name in PLACE} | {"OPTIONS": options})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update({name: before[name] for name in (*PLACE, "OPTIONS")})


@transaction.atomic
def grant_to(role: str) -> None:
    """Give a role what the application needs, and take whatever else it has; as the owner, at once or not at all.

    Raises CommandError where the role is missing, or so mighty that the grants would mean nothing.
    """
    with connection.cursor() as cursor:
        close_schema(cursor)
        check_ordinary(cursor, role)
        say(cursor, "GRANT CONNECT ON DATABASE {} TO {}", connection.settings_dict["NAME"], role)
        say(cursor, "GRANT USAGE ON SCHEMA {} TO {}", schema(cursor), role)
        for name in relations(cursor, "S"):
            say(cursor, "REVOKE ALL ON SEQUENCE {} FROM {}", name, role)
            say(cursor, "GRANT USAGE ON SEQUENCE {} TO {}", name, role)
        kept = protected()
        for name in relations(cursor, "r", "p", "v", "m"):
            say(cursor, "REVOKE ALL ON TABLE {} FROM {}", name, role)
            for privilege in privileges(name, kept[name]):
                say(cursor, "GRANT " + privilege + " ON TABLE {} TO {}", name, role)


def close_schema(cursor: CursorWrapper) -> None:
    """Nobody makes tables but the owner: older servers let everybody, and all let everybody make temporary ones."""
    say(cursor, "REVOKE CREATE ON SCHEMA {} FROM PUBLIC", schema(cursor))
    say(cursor, "REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", connection.settings_dict["NAME"])


def check_ordinary(cursor: CursorWrapper, role: str) -> None:
    """A role that the lock holds for. Raises CommandError."""
    cursor.execute(ORDINARY, [role])
    found = cursor.fetchone()
    if found is None:
        raise CommandError(f"DATABASE_URL names the role {role!r}, which does not exist; create it first.")
    faults = [fault for fault, so in zip(FAULTS, found, strict=True) if so]
    if faults:
        raise CommandError(
            f"The role {role} of DATABASE_URL {' and '.join(faults)}. Beside DATABASE_OWNER_URL it must be an "
            "ordinary one that owns nothing."
        )


def protected() -> defaultdict[str, set[str]]:
    """Table -> what a trigger refuses there for every row; the grants follow what the models declare."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for model, trigger in pgtrigger.registered():
        if isinstance(trigger, pgtrigger.Protect) and trigger.condition is None:
            found[model._meta.db_table] |= set(str(trigger.operation).split(" OR "))
    return found


def privileges(table: str, refused: set[str]) -> list[str]:
    """What the application may do with a table, as GRANT says it."""
    if table in READ_ONLY:
        return ["SELECT"]
    given = [privilege for privilege in EVERYTHING if privilege not in refused]
    columns = ONLY_COLUMNS.get(table)
    return [f"UPDATE ({', '.join(columns)})" if columns and one == "UPDATE" else one for one in given]


def relations(cursor: CursorWrapper, *kinds: str) -> list[str]:
    """Our own tables (r, p), views (v, m) or sequences (S) of the schema."""
    cursor.execute(RELATIONS, [list(kinds)])
    return [name for (name,) in cursor.fetchall()]


def schema(cursor: CursorWrapper) -> str:
    """Where the tables are."""
    cursor.execute("SELECT current_schema()")
    return str(cursor.fetchone()[0])


def say(cursor: CursorWrapper, statement: str, *names: str) -> None:
    """Execute a statement with names in its gaps."""
    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)).as_string(None))
