"""Whoever is shut out is out at the next request, whatever they hold (ASVS 5.0.0 V7.4.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.utils import timezone

from labeling.tasks.meant import assign
from labeling.tasks.models import Lease
from projects.streams.media import signed_url
from teams.access.actions import issue_token
from teams.models import Membership, User
from teams.people.actions import deactivate_member
from teams.people.inviting import invite, link_of
from teams.work import clock
from tests.factories import TaskFactory
from tests.house.world import World

pytestmark = pytest.mark.django_db


class Gone:
    """A manager with one of everything, who is then shut out."""

    def __init__(self, slug: str) -> None:
        self.world = World(slug, slug.title())
        self.user = self.world.manager
        self.browser = Client()
        self.browser.force_login(self.user)
        self.membership = Membership.objects.get(user=self.user)
        organization = self.world.organization
        _row, self.token = issue_token(
            organization=organization, user=self.user, name="t", verbs=["projects.view_project"], by=self.user
        )
        self.invitation = invite(
            organization=organization, email=f"x@{slug}.test", role="labeler", by=self.user
        )
        self.picture = signed_url(organization, self.world.example_row)
        self.lease = organization.leases.create(
            task=TaskFactory(queue=self.world.queue),
            queue=self.world.queue,
            user=self.user,
            expires_at=timezone.now() + timedelta(hours=1),
        )

        self.task = TaskFactory(queue=self.world.queue)
        assign(task=self.task, to=self.user, by=None)

    def page(self) -> int:
        return self.browser.get(f"/o/{self.world.slug}/").status_code

    def desk(self) -> int:
        return self.browser.get("/admin/").status_code

    def call(self) -> int:
        client = Client(headers={"authorization": f"Bearer {self.token}"})
        return client.get(f"/api/v1/projects/{self.world.project.slug}/slices").status_code

    def look(self) -> int:
        return self.browser.get(self.picture).status_code

    def invited(self) -> int:
        path = link_of(self.invitation).partition("8000")[2]
        return Client().post(path, {"name": "X", "password": "a long and odd phrase"}).status_code

    def held(self) -> str:
        clock.tick(timezone.now())
        return str(Lease.objects.get(pk=self.lease.pk).state)

    def assigned(self) -> str:
        self.task.refresh_from_db()
        return str(self.task.line)

    def granted(self) -> bool:
        return User.objects.get(pk=self.user.pk).has_perm("projects.view_project", self.world.project)


# Every kind of thing that opens a door, with what it answers before and after.
HOLDINGS: dict[str, tuple[Callable[[Gone], Any], Any, Any]] = {
    "session": (Gone.page, 200, 404),
    "desk": (Gone.desk, 200, 403),
    "token": (Gone.call, 200, 401),
    "signed address": (Gone.look, 200, 404),
    "lease": (Gone.held, "held", "expired"),
    "assigned task": (Gone.assigned, "assigned", "anybody"),
    "grant": (Gone.granted, True, False),
    "invitation made": (Gone.invited, 302, 409),
}


@pytest.mark.parametrize("holding", HOLDINGS)
def test_it_opened_a_door_and_opens_it_no_more(holding: str) -> None:
    opens, before, after = HOLDINGS[holding]
    here, gone = Gone("acme"), Gone("globex")
    assert opens(here) == before
    deactivate_member(membership=gone.membership, by=None)
    assert opens(gone) == after


# Rows that name a person, and why none of them opens a door; a model that is on neither list fails.
KEYS = {"teams.Membership", "teams.Token", "labeling.Lease", "labeling.ReviewLease", "teams.Invitation"}
KEYS |= {"labeling.Task"}


def test_every_row_that_names_a_person_is_a_holding_or_a_trace() -> None:
    naming = {
        model._meta.label
        for app in ("teams", "projects", "labeling", "slices")
        for model in apps.get_app_config(app).get_models()
        for one in model._meta.get_fields()
        if isinstance(one, models.ForeignKey) and one.related_model is User
    }
    traces = {
        "teams.Event",
        "labeling.Annotation",
        "labeling.Credential",
        "labeling.Gold",
        "labeling.GoldAnswer",
        "labeling.HeuristicHit",
        "labeling.Standing",
        "labeling.Import",
        "labeling.ImportedPerson",
        "labeling.Issue",
        "labeling.Pause",
        "labeling.Recall",
        "labeling.Reservation",
        "labeling.Review",
        "projects.Erasure",
        "projects.FieldWork",
        "slices.Export",
        "slices.Pin",
        "slices.SignOff",
        "slices.SliceVersion",
        "slices.StageMove",
        "teams.StoredAnswer",
    }
    grants = {"projects.ProjectUserObjectPermission"}
    assert naming - KEYS - traces - grants == set()
