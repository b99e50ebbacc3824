"""A list of the desk as CSV: what the list shows, nothing that a spreadsheet would run, and a line in the audit."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from teams.events.actions import record
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import OrganizationFactory, TeamFactory, member

pytestmark = pytest.mark.django_db


def download(browser: Client, path: str) -> list[list[str]]:
    """The lines of the file."""
    answer = browser.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.reader(StringIO(answer.getvalue().decode())))


@pytest.fixture
def manager() -> Any:
    return member(OrganizationFactory(), Role.MANAGER)


@pytest.fixture
def desk(page: Any, manager: Any) -> Client:
    return page(manager)


def test_the_file_has_the_list_s_rows_and_columns_in_its_order(desk: Client, manager: Any) -> None:
    organization = manager.memberships.get().organization
    for name in ("b", "a"):
        TeamFactory(organization=organization, name=name)
    TeamFactory(name="of somebody else")
    head, *rows = download(desk, "/admin/teams/team/export/")
    assert head == ["Name", "Members", "Created at"]
    assert [row[:2] for row in rows] == [["a", "0"], ["b", "0"]]


def test_the_filters_of_the_list_hold_in_the_file(desk: Client, manager: Any) -> None:
    organization = manager.memberships.get().organization
    for name in ("night shift", "day shift"):
        TeamFactory(organization=organization, name=name)
    _head, *rows = download(desk, "/admin/teams/team/export/?q=night")
    assert [row[0] for row in rows] == ["night shift"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")'])
def test_no_cell_is_a_formula(desk: Client, manager: Any, name: str) -> None:
    TeamFactory(organization=manager.memberships.get().organization, name=name)
    _head, *rows = download(desk, "/admin/teams/team/export/")
    assert [row[0] for row in rows] == [f"'{name}"]


def test_the_audit_says_who_took_what(desk: Client, manager: Any) -> None:
    TeamFactory(organization=manager.memberships.get().organization)
    download(desk, "/admin/teams/team/export/")
    event = Event.objects.get(kind="desk.exported")
    assert (event.by, event.data) == (manager, {"model": "teams.team", "rows": 1})


def test_the_audit_itself_can_be_taken_along(desk: Client, manager: Any) -> None:
    organization = manager.memberships.get().organization
    record("member.added", organization=organization, by=manager, role="labeler")
    _head, *rows = download(desk, "/admin/teams/event/export/?kind=member.added")
    assert [(row[1], row[2], row[5]) for row in rows] == [("Member added", manager.name, "role: labeler")]


@pytest.mark.parametrize("rows", [1, 30])
def test_a_long_list_asks_no_more_questions(
    desk: Client, manager: Any, rows: int, django_assert_num_queries: Any
) -> None:
    TeamFactory.create_batch(rows, organization=manager.memberships.get().organization)
    with django_assert_num_queries(7):
        download(desk, "/admin/teams/team/export/")


def test_a_labeler_takes_nothing(page: Any, manager: Any) -> None:
    labeler = member(manager.memberships.get().organization, Role.LABELER)
    assert page(labeler).get("/admin/teams/team/export/").status_code == 403
