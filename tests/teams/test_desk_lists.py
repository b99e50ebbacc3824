"""The desk's lists cost the same however many rows there are."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from teams.desk import pages
from teams.desk.site import desk
from teams.events.actions import record
from teams.identity.roles import Role
from teams.models import Membership, Organization, User
from teams.people.inviting import invite
from tests import factories
from tests.factories import OrganizationFactory, member
from tests.house.world import World

pytestmark = pytest.mark.django_db
MEMBERS = "/admin/teams/membership/"


def an_event(world: World) -> Any:
    return record("member.added", organization=world.organization, subject=world.labelers_place, by=None)


def an_invitation(world: World) -> Any:
    n = world.organization.invitations.count()
    to = {"teams": [world.team], "projects": [world.project]}
    return invite(
        organization=world.organization, email=f"{n}@example.test", role=Role.LABELER, by=world.owner, **to
    )


def a_family(world: World) -> Any:
    return world.organization.families.create(slice=factories.SliceFactory(stream=world.stream))


def a_child(world: World) -> Any:
    key = secrets.token_hex(3)
    values = {"values": {"store": key}, "last_seen_on": timezone.now().date()}
    return world.organization.children.create(family=world.family, key=key, name=key, **values)


def a_slice_version(world: World) -> Any:
    n = world.slice.versions.count()
    return factories.SliceVersionFactory(slice=world.slice, version=n + 1)


# How one more row of each kind is made in a world; a kind without a line fails.
MORE: dict[str, Callable[[World], Any]] = {
    "teams.Event": an_event,
    "teams.Membership": lambda world: member(world.organization),
    "teams.Invitation": an_invitation,
    "teams.Job": lambda world: world.organization.jobs.create(kind="runs.prepare", state="dead"),
    "teams.Team": lambda world: factories.TeamFactory(organization=world.organization),
    "teams.Token": lambda world: factories.token(world.organization, world.project),
    "projects.LabelSchema": lambda world: factories.LabelSchemaFactory(project=world.project),
    "projects.Project": lambda world: factories.ProjectFactory(organization=world.organization),
    "projects.Stream": lambda world: factories.StreamFactory(project=world.project),
    "projects.ModelVersion": lambda world: factories.ModelVersionFactory(project=world.project),
    "labeling.Ask": lambda world: factories.AskFactory(task__queue=world.queue, request_sha256="1" * 64),
    "labeling.Import": lambda world: world.an_import("draft"),
    "labeling.ImportedPerson": lambda world: world.organization.imported_people.create(
        project=world.project, name=secrets.token_hex(3)
    ),
    "labeling.Pause": lambda world: world.organization.pauses.create(
        user=member(world.organization), queue=world.queue, reason="too fast"
    ),
    "labeling.Qualification": lambda world: world.organization.qualifications.create(
        name=secrets.token_hex(3)
    ),
    "labeling.Queue": lambda world: factories.QueueFactory(stream=world.stream),
    "labeling.Recall": lambda world: world.organization.recalls.create(
        project=world.project, reason="a bad week", person=world.labeler, state="done", until=timezone.now()
    ),
    "labeling.Task": lambda world: factories.TaskFactory(queue=world.queue),
    "slices.Slice": lambda world: factories.SliceFactory(stream=world.stream),
    "slices.SliceVersion": a_slice_version,
    "slices.Family": a_family,
    "slices.Child": a_child,
    "slices.Belonging": lambda world: world.organization.belongings.create(
        stream=world.stream,
        field="store",
        value=secrets.token_hex(3),
        level="region",
        parent="north",
        since=timezone.now(),
    ),
    "slices.Gate": lambda world: factories.GateFactory(placement__project=world.project),
    "slices.Decision": lambda world: world.a_decision(),
    "slices.Placement": lambda world: factories.PlacementFactory(project=world.project),
    "slices.Run": lambda world: factories.RunFactory(project=world.project),
    "slices.Schedule": lambda world: factories.ScheduleFactory(slice__stream=world.stream),
    "slices.Tick": lambda world: factories.TickFactory(schedule=world.schedule),
    "slices.Snapshot": lambda world: factories.SnapshotFactory(slice_version__slice__stream=world.stream),
}


def statements(browser: Client, url: str) -> list[str]:
    """What a page asks of the database."""
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(url).status_code == 200
    return [query["sql"] for query in asked]


@pytest.mark.parametrize("model", desk._registry, ids=lambda model: model._meta.label)
def test_two_rows_more_take_no_query_more(page: Any, model: Any) -> None:
    world = World("acme", "Alpha")
    browser = page(world.owner)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    browser.get(url)
    few, rows = statements(browser, url), model._default_manager.filter(organization=world.organization)
    count = rows.count()
    for _ in range(2):
        MORE[model._meta.label](world)
    many = statements(browser, url)
    assert rows.count() >= count + 2 >= 3
    assert len(few) == len(many), [text for text in many if text not in few]


def people(organization: Organization, count: int) -> None:
    """So many labelers, by two statements."""
    users = User.objects.bulk_create(
        User(email=f"labeler-{n}@example.test", name=f"Labeler {n:05}") for n in range(count)
    )
    Membership.objects.bulk_create(
        Membership(organization=organization, user=user, role=Role.LABELER) for user in users
    )


@pytest.mark.parametrize("query", ["", "?q=labeler+0", "?role__exact=labeler"])
def test_ten_thousand_members_are_listed_with_as_many_queries_as_three(page: Any, query: str) -> None:
    organization = OrganizationFactory(slug="acme")
    browser = page(member(organization, Role.OWNER))
    browser.get(MEMBERS + query)
    people(organization, 2)
    few = statements(browser, MEMBERS + query)
    Membership.objects.filter(role=Role.LABELER).delete()
    User.objects.filter(name__startswith="Labeler ").delete()
    people(organization, 10_000)
    assert len(statements(browser, MEMBERS + query)) == len(few)


def test_a_list_is_counted_no_further_than_can_be_paged_to_and_says_so(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST", 60)
    organization = OrganizationFactory(slug="acme")
    browser = page(member(organization, Role.OWNER))
    people(organization, 59)
    assert "60 members" in said_below(browser, MEMBERS)
    people_more = User.objects.create(email="one-more@example.test", name="One more")
    Membership.objects.create(user=people_more, organization=organization, role=Role.LABELER)
    assert "More than 60 members; search or filter to reach the others" in said_below(browser, MEMBERS)
    assert browser.get(MEMBERS).context["cl"].paginator.num_pages == 2
    assert browser.get(MEMBERS + "?p=2").status_code == 200
    assert "Select all 60 members" not in said_below(browser, MEMBERS)


def said_below(browser: Client, url: str) -> str:
    """What a list says, in one line."""
    return " ".join(browser.get(url).content.decode().split())
