"""The audit: who, what, from where; and whoever changes it afterwards is found out."""

from __future__ import annotations

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from teams.events.actions import record
from teams.events.origin import Origin, coming_from
from teams.events.sealing import AT_ONCE, BEGIN, broken, head, link, seal
from teams.identity.roles import Role
from teams.models import Event, EventDetail, Organization
from tests.factories import OrganizationFactory, ProjectFactory, StreamFactory, member, token

pytestmark = pytest.mark.django_db
UNGUARD = """
    ALTER TABLE teams_event DISABLE TRIGGER USER;
    ALTER TABLE teams_eventdetail DISABLE TRIGGER USER;
    ALTER TABLE teams_eventdetail DROP CONSTRAINT IF EXISTS teams_eventdetail_event_id_same_org
"""


def happen(organization: Organization, times: int = 3) -> list[Event]:
    """Some events."""
    return [record("team.created", organization=organization, by=None, n=n) for n in range(times)]


def without_triggers(statement: str, *values: Any) -> None:
    """What the owner of the tables could do; it is rolled back with the test."""
    connection.check_constraints()  # what waits for the end of the transaction happens now
    with connection.cursor() as cursor:
        cursor.execute(UNGUARD)
        cursor.execute(statement, values)


def test_an_event_of_a_page_says_who_and_from_where(page: Any) -> None:
    organization = OrganizationFactory()
    manager = member(organization, Role.MANAGER)
    page(manager).post(
        "/admin/teams/team/add/",
        {"name": "Night shift", "_save": "1", **desk_field(page(manager))},
        headers={"user-agent": "Lynx"},
        REMOTE_ADDR="203.0.113.7",
    )
    event = Event.objects.select_related("detail").get(kind="team.created")
    assert (event.by, event.token_id, event.detail.address, event.detail.agent) == (
        manager,
        None,
        "203.0.113.7",
        "Lynx",
    )


def desk_field(browser: Client) -> dict[str, str]:
    """The signed organization of the desk's forms."""
    answer = browser.get("/admin/teams/team/add/")
    return {answer.context["desk_field"]: answer.context["desk_here"]}


def test_an_event_of_a_script_names_its_token(api: Any) -> None:
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"))
    row, text = token(stream.organization, stream.project)
    url = "/api/v1/projects/digits/streams/tags/examples"
    api(text).post(url, {"examples": [{"key": "a"}]}, content_type="application/json")
    event = Event.objects.select_related("detail").get(kind="examples.received")
    assert (event.by, event.token_id, event.detail.address) == (row.user, row.pk, "127.0.0.1")
    api(text).get(url)
    assert record("team.created", organization=stream.organization, by=None).token_id is None


def test_the_clock_comes_from_nowhere() -> None:
    (event,) = happen(OrganizationFactory(), 1)
    assert (event.by, event.token_id, event.detail.address, event.detail.agent) == (None, None, None, "")


def test_sealed_events_form_one_chain_an_organization() -> None:
    ours, theirs = OrganizationFactory(), OrganizationFactory()
    first, second = happen(ours, 2)
    happen(theirs, 1)
    assert seal() == 3
    (third,) = happen(ours, 1)
    assert (seal(), seal()) == (1, 0)
    rows = EventDetail.objects.filter(organization=ours).order_by("position")
    digests = [BEGIN]
    for event in Event.objects.filter(organization=ours).order_by("pk"):
        digests.append(link(digests[-1], event))
    assert [(row.event_id, row.position, row.digest) for row in rows] == [
        (event.pk, place, digests[place]) for place, event in enumerate((first, second, third), start=1)
    ]
    assert head(ours) == (3, digests[-1])
    assert [list(broken(organization)) for organization in (ours, theirs)] == [[], []]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE teams_event SET data = '{{}}' WHERE id = {1}",
            "Event {1} at place 2 is not what was sealed.",
        ),
        (
            "UPDATE teams_event SET token_id = 1 WHERE id = {1}",
            "Event {1} at place 2 is not what was sealed.",
        ),
        (
            "UPDATE teams_event SET at = at - interval '1 microsecond' WHERE id = {1}",
            "Event {1} at place 2 is not what was sealed.",
        ),
        ("DELETE FROM teams_event WHERE id = {1}", "Event {1} at place 2 is gone."),
        (
            "DELETE FROM teams_eventdetail WHERE event_id = {1}; DELETE FROM teams_event WHERE id = {1}",
            "Place 2 is empty: 1 events are gone.",
        ),
        ("DELETE FROM teams_eventdetail WHERE event_id = {2}", "Event {2} has no place in the chain."),
    ],
)
def test_whatever_is_done_to_one_event_is_found(statement: str, said: str) -> None:
    organization = OrganizationFactory()
    numbers = [event.pk for event in happen(organization)]
    seal()
    without_triggers(statement.format(*numbers))
    assert said.format(*numbers) in list(broken(organization))
    with pytest.raises(SystemExit, match="1"):
        call_command("verify_audit", stdout=StringIO(), stderr=StringIO())


def test_two_events_that_change_places_are_found() -> None:
    organization = OrganizationFactory()
    one, two, _three = (event.pk for event in happen(organization))
    seal()
    without_triggers(
        "UPDATE teams_eventdetail SET position = CASE event_id WHEN %s THEN 9 ELSE 1 END WHERE event_id IN (%s, %s)",
        one,
        one,
        two,
    )
    without_triggers("UPDATE teams_eventdetail SET position = 2 WHERE event_id = %s", one)
    assert len(list(broken(organization))) >= 2


@pytest.mark.parametrize(
    "change",
    [
        lambda: Event.objects.update(kind="other"),
        lambda: Event.objects.all().delete(),
        lambda: EventDetail.objects.update(digest="0" * 64),
        lambda: EventDetail.objects.update(position=None, digest=""),
        lambda: EventDetail.objects.all().delete(),
    ],
)
def test_the_database_itself_refuses_to_change_what_was_sealed(change: Any) -> None:
    happen(OrganizationFactory())
    seal()
    with pytest.raises(DatabaseError), transaction.atomic():
        change()


def test_an_address_can_be_redacted_and_the_chain_holds() -> None:
    organization = OrganizationFactory()
    with coming_from(Origin(address="203.0.113.7", agent="Lynx")):
        happen(organization)
    seal()
    EventDetail.objects.update(address=None, agent="")
    assert list(broken(organization)) == []


def test_the_command_says_how_each_chain_stands() -> None:
    organization = OrganizationFactory(slug="acme")
    happen(organization, 2)
    seal()
    said = StringIO()
    call_command("verify_audit", "acme", stdout=said)
    assert said.getvalue() == f"acme: 2 events sealed, last digest {head(organization)[1]}\n"


@pytest.mark.django_db(transaction=True)
def test_two_clocks_seal_every_event_once() -> None:
    organization = OrganizationFactory()
    happen(organization, 40)

    def clock() -> None:
        try:
            while EventDetail.objects.unsealed().exists():
                seal()
        finally:
            connection.close()

    clocks = [threading.Thread(target=clock) for _ in range(3)]
    for one in clocks:
        one.start()
    for one in clocks:
        one.join()
    places = EventDetail.objects.order_by("position").values_list("position", flat=True)
    assert list(places) == list(range(1, 41))
    assert list(broken(organization)) == []


@pytest.mark.parametrize("events", [1, 30])
def test_sealing_asks_the_same_number_of_questions(events: int, django_assert_num_queries: Any) -> None:
    happen(OrganizationFactory(), events)
    assert events < AT_ONCE
    with django_assert_num_queries(6):
        seal()
