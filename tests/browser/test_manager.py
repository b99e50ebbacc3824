"""A manager's first morning, in a real browser: a team, five people, a project for them, a token, and the audit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from teams.identity.roles import Role
from teams.models import Event, Invitation, Organization, Team
from tests.factories import PASSWORD, OrganizationFactory, ProjectFactory, StreamFactory, member

pytestmark = pytest.mark.django_db(transaction=True)
NEWCOMERS = [f"new-{n}@example.test" for n in range(5)]


@pytest.fixture
def organization() -> Organization:
    organization: Organization = OrganizationFactory(slug="acme", name="Acme")
    StreamFactory(project=ProjectFactory(organization=organization, slug="digits", name="Digits"))
    return organization


@pytest.fixture
def desk(browser: Browser, live_server: Any, organization: Organization) -> Page:
    """The desk, after signing in by hand."""
    manager = member(organization, Role.MANAGER)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{live_server.url}/sign-in/")
    page.locator("[name=login]").fill(manager.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.get_by_role("link", name="Desk").click()
    return page


def go_to(page: Page, place: str) -> None:
    """By the side."""
    page.get_by_role("link", name=re.compile(rf"\b{place}$")).first.click()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_team_five_people_a_project_a_token_and_the_audit(
    desk: Page, organization: Organization, live_server: Any
) -> None:
    go_to(desk, "Teams")
    desk.get_by_role("link", name="Add team", exact=True).click()
    desk.get_by_label("Name").fill("Shelf readers")
    save(desk)
    expect(desk.get_by_text("Shelf readers").first).to_be_visible()

    go_to(desk, "Invitations")
    desk.get_by_role("link", name="Invite people", exact=True).click()
    desk.get_by_label("E-mail addresses").fill("\n".join(NEWCOMERS))
    desk.get_by_label("Shelf readers").check()
    save(desk)
    expect(desk.get_by_text("5 people are invited")).to_be_visible()
    assert sorted(Invitation.objects.values_list("email", flat=True)) == NEWCOMERS
    links = [text for text in desk.locator("pre").all_inner_texts() if "/invitation/" in text]
    assert len(links) == 5

    go_to(desk, "Projects")
    desk.get_by_role("link", name="Digits", exact=True).click()
    desk.get_by_role("button", name="Say who works here").click()
    desk.get_by_label("Who").select_option(label="Team Shelf readers")
    desk.get_by_label("Answer tasks").check()
    desk.get_by_label("See the project").check()
    desk.get_by_role("button", name="Say who works here").click()
    expect(desk.get_by_text("Answer tasks").first).to_be_visible()

    go_to(desk, "Tokens")
    desk.get_by_role("link", name="Issue a token", exact=True).click()
    desk.get_by_label("Name of the new machine").fill("training pipeline")
    desk.locator("[name=name]").fill("nightly")
    desk.get_by_label("Digits").check()
    save(desk)
    token = desk.locator("#token").inner_text()
    slices = Client(headers={"authorization": f"Bearer {token}"}).get("/api/v1/projects/digits/slices")
    assert slices.status_code == 200

    invited = Invitation.objects.get(email=NEWCOMERS[0])
    link = next(text for text in links if f"/invitation/{invited.pk}/" in text)
    newcomer = Client()
    path = re.sub(r"^https?://[^/]+", "", link.strip())
    newcomer.post(path, {"name": "Nora", "password": "a-long-and-odd-phrase-71"})
    assert newcomer.get("/o/acme/label/").status_code == 200
    assert Team.objects.get().team_members.count() == 1
    assert newcomer.get("/o/acme/projects/digits/").status_code == 200

    desk.get_by_role("link", name="I have it").click()
    go_to(desk, "Audit")
    said = desk.locator("#result_list").inner_text()
    for sentence in (
        "Team created",
        "Invited",
        "Grants changed",
        "Token issued",
        "Invitation accepted",
    ):
        assert sentence in said
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {
        "team.created",
        "invitation.sent",
        "grants.changed",
        "token.issued",
        "invitation.accepted",
    } <= kinds
