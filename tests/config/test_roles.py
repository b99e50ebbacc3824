"""Two database roles: the app does everything that it does, and can change neither the schema nor the past."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from psycopg import sql

from config.database import OWNER_URL, database_settings
from config.postgres import APP_ROLE
from config.roles import app_role, grant_rows, protected
from teams.identity.roles import Role
from teams.models import Event, Job
from teams.people.actions import create_team
from teams.work import clock, jobs
from tests.factories import PASSWORD, OrganizationFactory, QueueFactory, TaskFactory, member, token
from tests.stack import Program, empty_database

OWNER, APP = "postgres://owner:o@db.example.org/sluice", "postgres://app:a@db.example.org/sluice"


@pytest.fixture
def role(transactional_db: None) -> Iterator[str]:
    """A role that owns nothing, which the tests' own may act as, with the rights of the app."""
    name = f"sluice_app_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
        may_create = cursor.fetchone()[0]
        if may_create:
            cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    name = name if may_create else APP_ROLE
    grant_rows(name)
    yield name
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        if may_create:
            cursor.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


@pytest.fixture
def app(role: str) -> str:
    """From here on the tests' connection is the app's."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (role,)
    return role


def refused(statement: str) -> bool:
    """Whether the database says that this role may not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        return isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege)
    return False


def test_the_app_does_what_it_does(app: str, page: Any, api: Any) -> None:
    """Sign in, take in, answer, record, work off and tell the time."""
    queue = QueueFactory(slug="hard", stream__slug="tags", stream__project__slug="digits")
    organization, project = queue.organization, queue.project
    labeler = member(organization, Role.LABELER, project)
    script = api(token(organization, project)[1])
    rows = {"examples": [{"key": "a", "text": "one"}, {"key": "b", "text": "two"}]}
    url = "/api/v1/projects/digits/streams/tags/examples"
    assert script.post(url, rows, content_type="application/json").status_code == 200
    assert [clock.tick(job.run_after) > 0 for job in Job.objects.all()[:1]] == [True]
    for job in Job.objects.all():
        jobs.run(job.pk)
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    TaskFactory(queue=queue)
    browser = Client()
    signed_in = browser.post("/sign-in/", {"login": labeler.email, "password": PASSWORD})
    assert signed_in.status_code == 302
    place = f"/o/{organization.slug}/label/digits/hard/"
    browser.post(f"{place}take/")
    lease = organization.leases.get()
    answer = {"lease": lease.pk, "token": lease.token, "digit": "3"}
    assert browser.post(f"{place}answer/", answer).status_code == 303
    assert organization.annotations.count() == 1
    for _ in range(2):
        clock.tick(lease.expires_at)
    assert not organization.event_details.unsealed().exists()


def test_the_past_cannot_be_changed_nor_the_schema(app: str) -> None:
    create_team(organization=OrganizationFactory(), name="Readers", by=None)
    before = list(Event.objects.values_list("pk", "kind"))
    tables = protected()
    assert {"teams_event", "slices_signoff", "slices_stagemove", "django_migrations"} <= tables.keys()
    attempts = {
        "UPDATE": "UPDATE {table} SET id = id",
        "DELETE": "DELETE FROM {table}",
        "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    }
    tried = [
        attempts[verb]
        .replace("SET id = id", "SET event_id = event_id" if "detail" in table else "SET id = id")
        .format(table=table)
        for table, verbs in tables.items()
        for verb in verbs
    ]
    tried += [
        "TRUNCATE teams_event",
        "ALTER TABLE teams_event DISABLE TRIGGER USER",
        "ALTER TABLE teams_team ADD COLUMN x int",
        "DROP TABLE teams_team",
        "CREATE TABLE x (id int)",
        "CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER x BEFORE INSERT ON teams_team EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ]
    assert [statement for statement in tried if not refused(statement)] == []
    assert list(Event.objects.values_list("pk", "kind")) == before


@pytest.mark.parametrize(
    ("owner", "app", "role"),
    [(OWNER, APP, "app"), (OWNER, OWNER, None), (None, APP, None), (OWNER, None, None)],
)
def test_the_app_s_role_is_that_of_its_url_where_the_owner_is_another(
    monkeypatch: pytest.MonkeyPatch, owner: str | None, app: str | None, role: str | None
) -> None:
    for name, url in ((OWNER_URL, owner), ("DATABASE_URL", app)):
        monkeypatch.setenv(name, url) if url else monkeypatch.delenv(name, raising=False)
    assert app_role() == role


@pytest.mark.parametrize(("command", "user"), [("migrate", "owner"), ("shell", "app"), ("clock", "app")])
def test_only_who_migrates_is_the_owner(monkeypatch: pytest.MonkeyPatch, command: str, user: str) -> None:
    monkeypatch.setenv(OWNER_URL, OWNER)
    monkeypatch.setenv("DATABASE_URL", APP)
    assert database_settings(["manage.py", command])["USER"] == user


@pytest.mark.django_db
def test_a_migration_by_the_owner_gives_the_app_its_rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            pytest.skip("only a superuser makes a role that can sign in everywhere")
    name, password = f"sluice_app_{secrets.token_hex(4)}", secrets.token_hex(8)
    identifier = sql.Identifier(name)
    with empty_database() as owner, psycopg.connect(owner, autocommit=True) as server:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(identifier, password))
        try:
            mine = psycopg.conninfo.conninfo_to_dict(owner)["user"]
            app = owner.replace(f"user={mine}", f"user={name}&password={password}")
            with Program("migrate", database=app, environment={OWNER_URL: owner}) as migration:
                assert migration.end() == 0, migration.said()
            with psycopg.connect(app, autocommit=True) as theirs:
                assert theirs.execute("SELECT current_user, count(*) FROM teams_event").fetchone() == (
                    name,
                    0,
                )
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    theirs.execute("DELETE FROM teams_event")
        finally:
            server.execute(sql.SQL("DROP OWNED BY {0}").format(identifier))
            server.execute(sql.SQL("DROP ROLE {0}").format(identifier))
