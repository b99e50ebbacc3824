"""A person's own tokens: as much as the person, never more, and never anybody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from teams.access.permissions import grant
from teams.identity.roles import Role
from teams.models import Event, Membership, Token
from teams.people.actions import change_role, deactivate_member
from tests.factories import ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db
PAGE = "/o/acme/tokens/"
VIEW, EXPORT = "projects.view_project", "projects.export_project"


@pytest.fixture
def project() -> Any:
    return ProjectFactory(organization__slug="acme", slug="digits")


def browser_of(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def make(user: Any, *verbs: str, days: str = "30") -> str:
    """The token that the page shows once."""
    answer = browser_of(user).post(PAGE, {"name": "notebook", "verbs": verbs or (VIEW,), "days": days})
    assert answer.status_code == 200
    found = re.findall(r"slc_[A-Za-z0-9_]{30,}", answer.content.decode())
    assert len(set(found)) == 1
    return str(found[0])


def offered(user: Any) -> list[str]:
    """The verbs that the form offers."""
    page = browser_of(user).get(PAGE).content.decode()
    return re.findall(r'name="verbs" value="([^"]+)"', page)


def slices_of(api: Any, text: str, project: str = "digits") -> int:
    return int(api(text).get(f"/api/v1/projects/{project}/slices").status_code)


def test_it_opens_what_its_person_may_enter_and_nothing_else(api: Any, project: Any) -> None:
    ProjectFactory(organization=project.organization, slug="other")
    labeler = member(project.organization, Role.LABELER)
    grant(VIEW, labeler, project)
    text = make(labeler)
    assert [slices_of(api, text, slug) for slug in ("digits", "other")] == [200, 404]
    assert Token.objects.get().user == labeler
    assert [event.kind for event in Event.objects.filter(by=labeler)] == ["token.issued"]


def test_the_form_offers_what_the_role_includes_and_takes_nothing_else(project: Any) -> None:
    labeler = member(project.organization, Role.LABELER)
    assert offered(labeler) == [VIEW]
    assert set(offered(member(project.organization, Role.MANAGER))) > {VIEW, EXPORT}
    for verb in (EXPORT, "projects.manage_project"):
        answer = browser_of(labeler).post(PAGE, {"name": "x", "verbs": [verb], "days": "30"})
        assert answer.status_code == 422
    assert (answer.status_code, Token.objects.count()) == (422, 0)


def test_a_managers_script_manages_and_signs_nothing(api: Any, project: Any) -> None:
    manager = member(project.organization, Role.MANAGER)
    assert set(offered(manager)) == {
        VIEW,
        EXPORT,
        "projects.view_answers_project",
        "projects.manage_project",
        "projects.edit_schema_project",
        "projects.ingest_project",
        "projects.train_project",
        "projects.ask_project",
    }
    StreamFactory(project=project, slug="tags")
    cuts = {"test_until": 0, "val_until": 0}
    url = "/api/v1/projects/digits/streams/tags/splits"
    for verbs, status in (((VIEW,), 403), ((VIEW, "projects.manage_project"), 200)):
        script = api(make(manager, *verbs))
        assert script.post(url, cuts, content_type="application/json").status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\x00b"},
        {"name": "x" * 121},
        {"verbs": []},
        {"verbs": ["teams.manage_people"]},
        {"days": "366"},
        {"days": "x"},
        {"days": ""},
    ],
)
def test_a_wrong_form_says_so_and_makes_nothing(project: Any, wrong: dict[str, Any]) -> None:
    form = {"name": "notebook", "verbs": [VIEW], "days": "30"} | wrong
    answer = browser_of(member(project.organization, Role.MANAGER)).post(PAGE, form)
    assert (answer.status_code, Token.objects.count()) == (422, 0)
    assert 'class="errors"' in answer.content.decode()


def test_it_ends_with_its_person_and_shrinks_with_the_role(api: Any, project: Any) -> None:
    user = member(project.organization, Role.MANAGER)
    membership = Membership.objects.get(user=user)
    text = make(user, VIEW, EXPORT)
    assert slices_of(api, text) == 200
    change_role(membership=membership, role=Role.LABELER, by=None)
    assert slices_of(api, text) == 404  # no grant on the project
    grant(VIEW, user, project)
    assert slices_of(api, text) == 200
    assert api(text).post("/api/v1/projects/digits/slices/none/snapshots").status_code == 403
    deactivate_member(membership=Membership.objects.get(pk=membership.pk), by=None)
    assert slices_of(api, text) == 401


def test_a_successor_is_shown_once_and_the_old_one_works_on_for_a_day(api: Any, project: Any) -> None:
    user = member(project.organization, Role.MANAGER)
    old_text = make(user, days="90")
    old = Token.objects.get()
    browser = browser_of(user)
    new_text = re.findall(r"slc_[A-Za-z0-9_]{30,}", browser.post(f"{PAGE}{old.pk}/rotate/").content.decode())[
        0
    ]
    assert [slices_of(api, text) for text in (old_text, new_text)] == [200, 200]
    old.refresh_from_db()
    assert old.expires_at is not None
    assert old.expires_at <= timezone.now() + timedelta(days=1)
    again = browser.post(f"{PAGE}{old.pk}/rotate/", follow=True)
    assert "has been rotated already" in again.content.decode()
    assert new_text not in browser.get(PAGE).content.decode()


def test_revoked_it_opens_nothing_and_leaves_the_page(api: Any, project: Any) -> None:
    user = member(project.organization, Role.VIEWER)
    text = make(user)
    browser = browser_of(user)
    answer = browser.post(f"{PAGE}{Token.objects.get().pk}/revoke/", follow=True)
    assert "opens nothing any more" in answer.content.decode()
    assert "data-row" not in answer.content.decode()
    assert slices_of(api, text) == 401


@pytest.mark.parametrize("deed", ["rotate", "revoke"])
def test_another_persons_token_is_none_of_theirs(project: Any, deed: str) -> None:
    make(member(project.organization, Role.MANAGER))
    theirs = Token.objects.get()
    owner = browser_of(member(project.organization, Role.OWNER))
    assert owner.post(f"{PAGE}{theirs.pk}/{deed}/").status_code == 404
    assert (Token.objects.count(), Token.objects.get().revoked_at) == (1, None)
    assert "data-row" not in owner.get(PAGE).content.decode()


def test_the_page_is_kept_by_no_cache(project: Any) -> None:
    answer = browser_of(member(project.organization, Role.VIEWER)).get(PAGE)
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_same_of_the_database_for_one_and_for_three(
    project: Any, count: int, django_assert_num_queries: Any
) -> None:
    user = member(project.organization, Role.MANAGER)
    for _ in range(count):
        make(user)
    browser = browser_of(user)
    with django_assert_num_queries(4):
        browser.get(PAGE)
