"""Pictures: shown by an address that expires, and, where they show people, never without a trace."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from projects.streams import media
from projects.streams.media import SCHEME
from teams.identity.roles import Role
from teams.models import Event
from tests.factories import (
    ExampleFactory,
    LeaseFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)
from tests.house.world import PNG

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Any:
    return ProjectFactory(organization__slug="acme", slug="faces")


def stream(project: Any, personal: bool = True) -> Any:
    return StreamFactory(project=project, has_personal_media=personal)


def example(stream: Any) -> Any:
    """An example with a picture that is kept here."""
    organization = stream.organization
    digest = media.digest_of(organization, PNG)
    media.keep(organization, {digest: PNG})
    return ExampleFactory(stream=stream, media_uri=f"{SCHEME}{digest}", media_type="image/png")


def browser_of(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def pictures(page: Any) -> list[str]:
    """The addresses of our pictures on a page."""
    found = re.findall(r'src="(/o/acme/media/[^"]+)"', page.content.decode())
    return [html.unescape(address) for address in found]


def looks() -> list[tuple[Any, ...]]:
    """Who looked at which example."""
    events = Event.objects.filter(kind="media.viewed").order_by("pk")
    return [(event.by_id, event.subject_type, event.subject_id) for event in events]


@pytest.mark.parametrize("page", ["", "examples/{pk}/"])
def test_a_look_at_a_person_is_in_the_audit(project: Any, page: str) -> None:
    row = example(stream(project))
    manager = member(project.organization, Role.MANAGER)
    browser = browser_of(manager)
    (address,) = set(pictures(browser.get(f"/o/acme/projects/faces/{page.format(pk=row.pk)}")))
    assert looks() == []
    answer = browser.get(address)
    assert (answer.status_code, answer.getvalue(), answer["Cache-Control"]) == (200, PNG, "no-store")
    assert looks() == [(manager.pk, "projects.example", row.pk)]


def test_so_is_a_labelers(project: Any) -> None:
    place = stream(project)
    row = example(place)
    labeler = member(project.organization, Role.LABELER, project)
    queue = QueueFactory(project=project, stream=place)
    LeaseFactory(task=TaskFactory(queue=queue, example=row), user=labeler)
    browser = browser_of(labeler)
    (address,) = set(pictures(browser.get(f"/o/acme/label/faces/{queue.slug}/")))
    browser.get(address)
    assert looks() == [(labeler.pk, "projects.example", row.pk)]


def test_pictures_of_things_leave_none_and_may_be_kept_by_the_browser(project: Any) -> None:
    row = example(stream(project, personal=False))
    browser = browser_of(member(project.organization, Role.MANAGER))
    (address,) = set(pictures(browser.get(f"/o/acme/projects/faces/examples/{row.pk}/")))
    answer = browser.get(address)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, max-age=300")
    assert looks() == []


def test_an_address_cannot_be_changed_into_one_that_leaves_no_trace(project: Any) -> None:
    place = stream(project)
    row, other = example(place), example(place)
    browser = browser_of(member(project.organization, Role.MANAGER))
    (address,) = set(pictures(browser.get(f"/o/acme/projects/faces/examples/{row.pk}/")))
    for changed in (
        address.replace(f"of={row.pk}&", ""),
        address.replace(f"of={row.pk}&", "of=&"),
        address.replace(f"of={row.pk}&", f"of={other.pk}&"),
        address.replace(f"of={row.pk}&", "of=x&"),
        address[:-1],
    ):
        assert browser.get(changed).status_code == 404
    assert looks() == []


def test_an_address_is_good_for_five_minutes(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = example(stream(project))
    browser = browser_of(member(project.organization, Role.MANAGER))
    (address,) = set(pictures(browser.get(f"/o/acme/projects/faces/examples/{row.pk}/")))
    later = (timezone.now() + timedelta(minutes=5, seconds=1)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert browser.get(address).status_code == 404
    assert looks() == []
