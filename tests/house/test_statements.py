"""The log of statements: whatever a request asks of a tenant's table, it asks beside the organization."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

import labeling.answers.views
import slices.schedules.views
from labeling.tasks.models import Lease
from slices.runs.api import RunView
from teams.desk.scoped import Scoped
from teams.identity.models import Organization
from tests.house import callers
from tests.house.callers import ask_rightly, machine, person
from tests.house.rightful import everything
from tests.house.routes import API, Route
from tests.house.statements import named, read
from tests.house.test_sweep import every_project, every_run, only
from tests.house.test_sweep_desk import pages
from tests.house.world import World, tenant_models

pytestmark = pytest.mark.django_db

INSERTS = re.compile(r'INSERT INTO "?(\w+)')

# What is rightly asked without an organization, and why. One that no request asks any more fails too.
EXEMPT = {
    "SELECT teams_token by prefix": "a token names its organization; until it is found nobody knows which",
    "SELECT teams_membership by nothing": "whether the token's person is a member, of the token's organization",
    "SELECT teams_membership by role, user_id": "the organizations that this person may speak for at the desk",
}


# Tables that no request touches, and why.
UNTOUCHED = {
    "projects_earlierupload": "written by a trigger, read by erasures and the clock",
    "projects_examplechange": "written by triggers, put away by the clock",
    "teams_storedanswer": "only calls with an Idempotency-Key have one",
    "projects_invitationproject": "written with an invitation that names projects; read when it is accepted",
}


class Guard:
    """Reads every statement of the requests made while it watches; what is wrong stays in `found`."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.touched: set[str] = set()
        self.read = 0

    @contextmanager
    def watch(self, asked: set[int]) -> Iterator[None]:
        """Over one request, which brought these numbers along."""
        vouched: set[tuple[str, int]] = set()

        def look(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
            text, values = named(sql if isinstance(sql, str) else sql.as_string(), None if many else params)
            statement = read(text)
            self.read += 1
            self.touched |= {source.table for source in statement.sources} | set(INSERTS.findall(text))
            for wrong in statement.wrong(values, asked, vouched):
                self.found.setdefault(f"{text.split()[0]} {wrong}", text)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(look):
            yield

    def ask(self, client: Client, method: str, url: str, body: Any, *, is_json: bool = False) -> None:
        """One request under its eyes."""
        with self.watch(numbers_in(url, body)):
            ask_rightly(client, method, url, body, json=is_json)


def numbers_in(url: str, body: Any) -> set[int]:
    """The whole numbers that a request brings along: parts of its address, values of its query and its body."""
    words = re.split(r"[/?&=,.]", url) + re.findall(r"\d+", json.dumps(body, default=str))
    return {int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19}


@pytest.fixture
def worlds() -> tuple[World, World]:
    """Two worlds whose keys are no small numbers, and of no two tables the same: those stand for other things."""
    with connection.cursor() as cursor:
        for number, model in enumerate([*tenant_models(), Organization], start=1000):
            table = model._meta.db_table
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, model._meta.pk.column])
            (sequence,) = cursor.fetchone()
            if sequence:
                cursor.execute("SELECT setval(%s, %s)", [sequence, number * 1000])
    return World("acme", "Alpha"), World("globex", "Beta")


def everything_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """All that there is to ask of one organization: pages, calls, the desk with its forms and deeds."""
    guard, asks = Guard(), callers.ask

    def ask(client: Client, method: str, url: str, body: Any, *, json: bool = False) -> callers.Answer:
        with guard.watch(numbers_in(url, body)):
            return asks(client, method, url, body, json=json)

    monkeypatch.setattr(callers, "ask", ask)
    failed = [(what, answer.status_code) for what, answer in everything(world) if answer.status_code >= 500]
    assert failed == []
    return guard


def swept(world: World, routes: list[Route]) -> Guard:
    """Every method of these routes, by who may."""
    guard, script, owner = Guard(), machine(world.token_text), person(world.owner)
    for route in routes:
        for method in route.verbs:
            client = script if route in API else owner
            guard.ask(client, method, route.url(world), route.body(world), is_json=route in API)
    return guard


def test_nothing_that_is_asked_takes_a_tenants_table_without_the_organization(
    worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = everything_asked(worlds[0], monkeypatch)
    assert guard.read > 1000
    assert {model._meta.db_table for model in tenant_models()} - guard.touched == set(UNTOUCHED)
    assert {wrong: text for wrong, text in guard.found.items() if wrong not in EXEMPT} == {}
    assert [wrong for wrong in EXEMPT if wrong not in guard.found] == []


def every_lease(request: Any) -> Lease | None:
    return Lease.objects.filter(state="held").first()


def all_rows(self: Any, request: Any) -> Any:
    return super(Scoped, self).get_queryset(request)


@pytest.mark.parametrize(
    ("place", "name", "mutant", "route", "bitten"),
    [
        (RunView, "run", every_run, "api-run", "SELECT slices_run by id"),
        (
            slices.schedules.views,
            "open_project",
            every_project,
            "schedules",
            "SELECT projects_project by slug",
        ),
        (labeling.answers.views, "holding", every_lease, "label-home", "SELECT labeling_lease by state"),
    ],
)
def test_the_guard_bites_where_the_organization_is_forgotten(
    worlds: tuple[World, World],
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    mutant: Any,
    route: str,
    bitten: str,
) -> None:
    assert set(swept(worlds[0], only(route)).found) <= set(EXEMPT)
    monkeypatch.setattr(place, name, mutant)
    assert bitten in swept(worlds[0], only(route)).found


def test_it_bites_at_the_desk(worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scoped, "get_queryset", all_rows)
    guard, desk = Guard(), person(worlds[0].owner)
    for url in pages(worlds[0], type(worlds[0].team)):
        guard.ask(desk, "GET", url, {})
    assert {"SELECT teams_team by nothing", "SELECT teams_team by id"} <= set(guard.found)


def test_a_key_of_the_request_counts_once_it_was_asked_for_beside_the_organization() -> None:
    vouched: set[tuple[str, int]] = set()
    beside = read("SELECT id FROM slices_run WHERE organization_id = :a AND id = :b")
    alone = read("UPDATE slices_run SET state = :c WHERE id = :b")
    values = {"a": 1, "b": 77, "c": "x"}
    assert alone.wrong(values, {77}, vouched) == ["slices_run by id"]
    assert beside.wrong(values, {77}, vouched) == []
    assert alone.wrong(values, {77}, vouched) == []
    assert alone.wrong(values | {"b": 78}, {78}, vouched) == ["slices_run by id"]


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("SELECT count(*) FROM slices_run", ["slices_run by nothing"]),
        ("DELETE FROM slices_run", ["slices_run by nothing"]),
        ("UPDATE slices_run SET organization_id = :a", ["slices_run by nothing"]),
        ("SELECT 1 FROM slices_run WHERE organization_id = :a", []),
        ("SELECT 1 FROM slices_run WHERE organization_id = :a OR state = :b", ["slices_run by nothing"]),
        ("SELECT 1 FROM slices_run WHERE NOT organization_id = :a", ["slices_run by nothing"]),
        ("SELECT 1 FROM slices_run WHERE organization_id IN (:a, :b)", []),
        ("SELECT 1 FROM slices_run WHERE project_id = :own", []),
        ("SELECT 1 FROM slices_run WHERE project_id = :asked", ["slices_run by project_id"]),
        ("SELECT 1 FROM slices_run WHERE id = ANY(:asked_too::bigint[])", ["slices_run by id"]),
        (
            "SELECT 1 FROM slices_run r JOIN projects_project p ON p.id = r.project_id WHERE p.organization_id = :a",
            [],
        ),
        (
            "SELECT 1 FROM slices_run r JOIN projects_project p ON p.name = r.model_name WHERE p.organization_id = :a",
            ["slices_run by nothing"],
        ),
        (
            "SELECT 1 FROM slices_run WHERE project_id IN (SELECT id FROM projects_project WHERE id = :own)",
            [],
        ),
        (
            "WITH mine AS (SELECT id FROM slices_run WHERE id = :own) "
            "SELECT 1 FROM slices_run r JOIN mine ON r.id = mine.id",
            [],
        ),
        (
            "SELECT 1 FROM slices_run r JOIN teams_organization o ON o.id = r.organization_id WHERE o.slug = :b",
            [],
        ),
        (
            "SELECT 1 FROM teams_membership m JOIN teams_user u ON u.id = m.user_id",
            ["teams_membership by nothing"],
        ),
        ("INSERT INTO slices_run (organization_id) VALUES (:a)", []),
        ("INSERT INTO slices_run (organization_id) SELECT :a FROM slices_tick", ["slices_tick by nothing"]),
        ("SELECT 1 FROM teams_user WHERE id = :asked", []),
        ("SAVEPOINT x", []),
        (
            "SELECT 1 FROM slices_run r LEFT JOIN projects_project p ON p.id = r.project_id "
            "AND p.organization_id = :a",
            ["slices_run by nothing"],
        ),
        (
            "SELECT 1 FROM slices_run r LEFT JOIN projects_project p ON p.id = r.project_id "
            "WHERE r.organization_id = :a",
            [],
        ),
        (
            "SELECT 1 FROM slices_run r WHERE NOT EXISTS (SELECT 1 FROM projects_project p "
            "WHERE p.id = r.project_id AND p.organization_id = :a)",
            ["slices_run by nothing"],
        ),
        (
            "SELECT (SELECT count(*) FROM slices_attempt) FROM slices_run r WHERE r.organization_id = :a",
            ["slices_attempt by nothing"],
        ),
        (
            "SELECT (SELECT count(*) FROM slices_attempt t WHERE t.run_id = r.id) FROM slices_run r "
            "WHERE r.organization_id = :a",
            [],
        ),
        (
            "SELECT 1 FROM teams_membership mine JOIN teams_membership m ON m.user_id = mine.user_id "
            "WHERE mine.organization_id = :a",
            ["teams_membership by nothing"],
        ),
    ],
)
def test_what_is_right_and_what_is_wrong(sql: str, wrong: list[str]) -> None:
    values = {"a": 1, "b": "x", "own": 5, "asked": 77, "asked_too": [5, 77]}
    assert read(sql).wrong(values, {77}, set()) == wrong
