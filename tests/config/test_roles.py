"""The second lock: the application's role can do all that the application does, and nothing to the tables."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pgtrigger
import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from psycopg import conninfo, sql

from config.database import database_settings, owner_settings
from config.roles import connected, grant_to, privileges, protected
from teams.events.actions import record
from teams.models import Event, Job
from teams.work import clock
from tests.factories import (
    PASSWORD,
    ExampleFactory,
    LabelSchemaFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
    token,
)
from tests.house.rightful import everything
from tests.house.world import World
from tests.stack import Program, empty_database, eventually, free_port

SECRET = "of the application's role"
Place = dict[str, Any]


@contextmanager
def ordinary_role(admin: psycopg.Connection) -> Iterator[Place]:
    """Settings of a role that owns nothing: the installation's own, else one made for the test.

    Whoever runs the tests as one role that may not make another sees the reason.
    """
    if owner_settings() is not None:
        yield database_settings()
        return
    mighty = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    if admin.execute(mighty).fetchone() != (True,):
        pytest.skip("the role of DATABASE_URL may not create another, and there is no DATABASE_OWNER_URL")
    name = f"sluice_app_{secrets.token_hex(4)}"
    run(admin, "CREATE ROLE {} LOGIN PASSWORD {}", sql.Identifier(name), sql.Literal(SECRET))
    try:
        yield {**database_settings(), "USER": name, "PASSWORD": SECRET}
    finally:
        run(admin, "DROP OWNED BY {}", sql.Identifier(name))
        run(admin, "DROP ROLE {}", sql.Identifier(name))


def run(connection: psycopg.Connection, statement: str, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(*parts))


@contextmanager
def owners_connection() -> Iterator[psycopg.Connection]:
    """Beside the one that Django holds, to the same database."""
    place = connection.get_connection_params()
    names = {"host", "port", "user", "password", "dbname"}
    with psycopg.connect(
        **{name: value for name, value in place.items() if name in names}, autocommit=True
    ) as own:
        yield own


@pytest.fixture
def role(transactional_db: None) -> Iterator[Place]:
    """The application's role, with what `migrate` grants it in the database of the test."""
    with owners_connection() as admin, ordinary_role(admin) as place:
        grant_to(place["USER"])
        yield place


@pytest.fixture
def as_app(role: Place) -> Iterator[str]:
    """Everything that the test does in the database, it does as the application."""
    with connected(role):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (role["USER"],)
        yield role["USER"]


def test_every_page_route_and_deed_works_for_the_applications_role(as_app: str) -> None:
    world = World("acme", "Alpha")
    failed = [(asked, answer.status_code) for asked, answer in everything(world) if answer.status_code >= 500]
    assert failed == []


def test_a_batch_a_person_a_job_and_the_clock_work_for_the_applications_role(as_app: str) -> None:
    project = ProjectFactory(slug="digits")
    queue = QueueFactory(
        stream=StreamFactory(project=project, slug="s"), schema=LabelSchemaFactory(project=project), slug="q"
    )
    script = Client(headers={"authorization": f"Bearer {token(project.organization, project)[1]}"})
    url = "/api/v1/projects/digits/streams/s/examples"
    sent = script.post(url, {"examples": [{"key": "a", "text": "7?"}]}, content_type="application/json")
    assert (sent.status_code, sent.json()["created"]) == (200, 1)

    labeler = member(project.organization, "labeler", project)
    browser, place = Client(), f"/o/{project.organization.slug}/label/digits/q"
    assert browser.post("/sign-in/", {"login": labeler.email, "password": PASSWORD}).status_code == 302
    task = TaskFactory(queue=queue, example=ExampleFactory(stream=queue.stream))
    browser.post(f"{place}/take/")
    lease = task.leases.get()
    browser.post(f"{place}/answer/", {"lease": lease.pk, "token": lease.token, "digit": "7"})
    assert [row.label for row in task.annotations.all()] == ["7"]

    clock.tick(timezone.now())
    call_command("work", "--all", "--once")
    assert Job.objects.exclude(state="done").count() == 0
    assert Event.objects.filter(detail__position=None).count() == 0  # the clock sealed them


REFUSED = [
    "UPDATE teams_event SET kind = 'other'",
    "DELETE FROM teams_event",
    "TRUNCATE teams_event CASCADE",
    "DELETE FROM teams_eventdetail",
    "UPDATE teams_eventdetail SET event_id = event_id + 1",
    "UPDATE slices_decision SET outcome = 'pass'",
    "UPDATE slices_stagemove SET stage = 'production'",
    "DELETE FROM slices_signoff",
    "TRUNCATE projects_example CASCADE",
    "ALTER TABLE teams_event DISABLE TRIGGER ALL",
    "ALTER TABLE teams_event DISABLE TRIGGER USER",
    "DROP TRIGGER pgtrigger_event_append_only_3437b ON teams_event",
    "CREATE OR REPLACE FUNCTION pgtrigger_event_append_only_3437b() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RETURN NEW; END'",
    "SET session_replication_role = replica",
    "CREATE TRIGGER mine AFTER UPDATE ON teams_event FOR EACH ROW "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "ALTER TABLE labeling_task DROP COLUMN state",
    "ALTER TABLE projects_example DROP CONSTRAINT projects_example_stream_id_same_org",
    "DROP TABLE labeling_lease CASCADE",
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE TABLE mine (event bigint REFERENCES teams_event (id))",
    "CREATE SCHEMA mine",
    "SELECT setval('teams_event_id_seq', 1)",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('teams', '9999', now())",
    "UPDATE auth_permission SET codename = 'sign_project'",
]


def test_the_applications_role_is_refused_whatever_is_the_owners(as_app: str) -> None:
    assert {statement: outcome(statement) for statement in REFUSED} == dict.fromkeys(
        REFUSED, psycopg.errors.InsufficientPrivilege
    )


def outcome(statement: str) -> type[BaseException] | None:
    """What the database says to a statement, by its kind."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return type(error.__cause__) if error.__cause__ else None
    return None


def test_whoever_silences_the_trigger_still_needs_the_right(role: Place) -> None:
    record("project.created", organization=ProjectFactory().organization, by=None)
    change = "UPDATE teams_event SET kind = 'other'"
    with pgtrigger.ignore("teams.Event:event_append_only"):
        with connected(role):
            assert outcome(change) is psycopg.errors.InsufficientPrivilege
        assert outcome(change) is None  # the owner, for whom the trigger is all there is


def test_where_an_event_came_from_can_be_redacted(as_app: str) -> None:
    event = record("project.created", organization=ProjectFactory().organization, by=None)
    redacted = event.organization.event_details.filter(event=event).update(address=None, agent="")
    assert redacted == 1


def test_no_table_gives_it_more_than_its_triggers_and_the_list_allow(role: Place) -> None:
    kept = protected()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, array_agg(privilege_type::text ORDER BY privilege_type) "
            "FROM information_schema.role_table_grants WHERE grantee = %s GROUP BY 1",
            [role["USER"]],
        )
        found = {name: set(given) for name, given in cursor.fetchall()}
    whole = {
        name: {one for one in privileges(name, kept[name]) if "(" not in one}
        for name in connection.introspection.table_names()
    }
    assert {name: found[name] for name in whole if name in found} == whole
    append_only = {name for name, given in found.items() if given == {"SELECT", "INSERT"}}
    assert append_only == {"teams_event", "teams_eventdetail", "slices_stagemove", "slices_signoff"}


def test_a_role_that_owns_tables_is_no_second_lock(transactional_db: None) -> None:
    with pytest.raises(CommandError, match="must be an ordinary one that owns nothing"):
        grant_to(str(connection.settings_dict["USER"]))


def test_a_role_that_is_not_there_is_a_sentence(transactional_db: None) -> None:
    with pytest.raises(CommandError, match="the role 'nobody_yet', which does not exist"):
        grant_to("nobody_yet")


@pytest.mark.slow
def test_up_migrates_as_the_owner_and_runs_as_the_application(tmp_path: Path) -> None:
    port = free_port()
    with empty_database() as owners, psycopg.connect(owners, autocommit=True) as admin:
        with ordinary_role(admin) as place:
            words = conninfo.conninfo_to_dict(owners) | {
                "user": place["USER"],
                "password": place["PASSWORD"] or None,
            }
            name = words.pop("dbname")
            apps = f"postgresql:///{name}?{urlencode({key: value for key, value in words.items() if value})}"
            own = {"DATABASE_OWNER_URL": owners, "SLUICE_FILES": str(tmp_path / "files")}
            with Program("up", "--port", str(port), "-v", "0", database=apps, environment=own) as up:
                eventually(lambda: beating(admin) == {"worker", "jobs", "clock"}, up.must_run)
                users = admin.execute(
                    "SELECT DISTINCT usename FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL"
                ).fetchall()
            owned = admin.execute(
                "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'teams_%'"
            ).fetchall()
    assert users == [(place["USER"],)]
    assert place["USER"] not in [owner for (owner,) in owned]


def beating(admin: psycopg.Connection) -> set[str]:
    """Who has given a sign of life."""
    if admin.execute("SELECT to_regclass('teams_beat')").fetchone() == (None,):
        return set()
    return {name for (name,) in admin.execute("SELECT name FROM teams_beat").fetchall()}
