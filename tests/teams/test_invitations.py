"""Invitations: one link, one address, one time; and never more than whoever invites could give."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from teams.identity.refused import Refused
from teams.identity.roles import Role
from teams.models import Event, Invitation, Job, Membership, User
from teams.people.actions import change_role, create_team, deactivate_member
from teams.people.inviting import accept, invite, link_of, resend, revoke
from teams.work.jobs import run
from tests.factories import OrganizationFactory, ProjectFactory, UserFactory, member

pytestmark = pytest.mark.django_db
PASSWORD = "a sluice opens at dawn"


@pytest.fixture
def organization() -> Any:
    return OrganizationFactory(slug="acme", name="Acme")


@pytest.fixture
def manager(organization: Any) -> User:
    return member(organization, Role.MANAGER)


def invited(
    organization: Any, manager: User | None, email: str = "ada@example.test", **more: Any
) -> Invitation:
    return invite(
        organization=organization, email=email, role=more.pop("role", Role.LABELER), by=manager, **more
    )


def path_of(invitation: Invitation) -> str:
    """The link without its host."""
    return link_of(invitation).partition("8000")[2]


def do_jobs() -> None:
    for pk in Job.objects.filter(state="queued").values_list("pk", flat=True):
        run(pk)


# By mail and by hand


def test_somebody_new_follows_the_link_of_the_mail_and_is_in(organization: Any, manager: User) -> None:
    project = ProjectFactory(organization=organization)
    team = create_team(organization=organization, name="Night shift", by=manager)
    invited(organization, manager, teams=[team], projects=[project])
    do_jobs()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["ada@example.test"], f"{manager.name} invites you to Acme")
    (link,) = set(re.findall(r"http://127.0.0.1:8000(/invitation/\S+/)", str(sent.body)))
    browser = Client()
    assert "Join Acme" in browser.get(link).content.decode()
    answer = browser.post(link, {"name": "Ada", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/o/acme/", 302)]
    ada = User.objects.get(email="ada@example.test")
    membership = Membership.objects.get(user=ada)
    assert (ada.name, membership.role, membership.organization) == ("Ada", Role.LABELER, organization)
    assert list(EmailAddress.objects.filter(user=ada).values_list("email", "verified", "primary")) == [
        ("ada@example.test", True, True)
    ]
    assert list(membership.teams.all()) == [team]
    assert ada.has_perm("projects.label_project", project)
    assert not ada.has_perm("projects.review_project", project)
    kinds = Event.objects.filter(kind__startswith="invitation").values_list("kind", "by")
    assert list(kinds) == [("invitation.sent", manager.pk), ("invitation.accepted", ada.pk)]


def test_somebody_with_an_account_signs_in_and_accepts(organization: Any, manager: User, page: Any) -> None:
    ada = UserFactory(email="Ada@example.test")
    link = path_of(invited(organization, manager, "ada@EXAMPLE.test"))
    assert f"/sign-in/?next={quote(link, safe='')}" in Client().get(link).content.decode()
    assert page(ada).post(link).status_code == 302
    assert Membership.objects.get(user=ada).role == Role.LABELER


def test_a_link_works_once(organization: Any, manager: User) -> None:
    link = path_of(invited(organization, manager))
    Client().post(link, {"name": "Ada", "password": PASSWORD})
    again = Client().post(link, {"name": "Eve", "password": PASSWORD})
    assert (again.status_code, "no longer valid" in again.content.decode()) == (410, True)
    assert User.objects.get(email="ada@example.test").name == "Ada"


def test_the_link_is_kept_nowhere(organization: Any, manager: User) -> None:
    invitation = invited(organization, manager)
    secret = path_of(invitation).split("/")[3]
    stored = (
        f"{Invitation.objects.values().get()} {list(Job.objects.values())} {list(Event.objects.values())}"
    )
    assert secret not in stored


@pytest.mark.parametrize(
    "how", ["resent", "revoked", "over", "invited again", "inviter left", "inviter demoted"]
)
def test_a_link_that_is_over_says_so_and_does_nothing(organization: Any, manager: User, how: str) -> None:
    owner = member(organization, Role.OWNER)
    invitation = invited(organization, manager)
    link = path_of(invitation)
    place = organization.memberships.get(user=manager)
    match how:
        case "resent":
            resend(invitation=invitation, by=manager)
        case "revoked":
            revoke(invitation=invitation, by=manager)
        case "over":
            Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case "invited again":
            invited(organization, manager, "ADA@example.test")
        case "inviter left":
            deactivate_member(membership=place, by=owner)
        case "inviter demoted":
            change_role(membership=place, role=Role.LABELER, by=owner)
    answer = Client().post(link, {"name": "Ada", "password": PASSWORD})
    assert answer.status_code in (409, 410)
    assert not User.objects.filter(email="ada@example.test").exists()


@pytest.mark.parametrize("secret", ["0" * 64, "x", "é"])
def test_a_guessed_link_is_answered_as_one_that_is_over(
    organization: Any, manager: User, secret: str
) -> None:
    invitation = invited(organization, manager)
    guessed, nobodys = (Client().get(f"/invitation/{pk}/{secret}/") for pk in (invitation.pk, 10**9))
    assert (guessed.status_code, guessed.content) == (410, nobodys.content)


def test_another_persons_link_is_refused(organization: Any, manager: User, page: Any) -> None:
    invitation, eve = invited(organization, manager), UserFactory()
    browser = page(eve)
    assert "signed in with another address" in browser.get(path_of(invitation)).content.decode()
    assert browser.post(path_of(invitation)).status_code == 403
    assert not Membership.objects.filter(user=eve).exists()


@pytest.mark.parametrize("password", ["short", "password123", "ada@example.test"])
def test_a_poor_password_makes_no_account(organization: Any, manager: User, password: str) -> None:
    answer = Client().post(path_of(invited(organization, manager)), {"name": "Ada", "password": password})
    assert (answer.status_code, User.objects.filter(email="ada@example.test").exists()) == (422, False)


def test_the_link_leads_to_the_installation_and_not_to_the_host_of_a_request(
    organization: Any, manager: User, settings: Any
) -> None:
    settings.SLUICE_URL = "https://sluice.example.org"
    assert link_of(invited(organization, manager)).startswith("https://sluice.example.org/invitation/")


# Who may invite, and into what


@pytest.mark.parametrize(
    ("by", "role", "may"),
    [
        (Role.MANAGER, Role.LABELER, True),
        (Role.MANAGER, Role.MANAGER, True),
        (Role.MANAGER, Role.ADMIN, False),
        (Role.ADMIN, Role.OWNER, False),
        (Role.OWNER, Role.OWNER, True),
        (Role.REVIEWER, Role.VIEWER, False),
        (Role.OWNER, Role.PIPELINE, False),
    ],
)
def test_nobody_invites_above_themselves(organization: Any, by: str, role: str, may: bool) -> None:
    inviter = member(organization, by)
    try:
        invited(organization, inviter, role=role)
    except Refused:
        assert not may
    assert Invitation.objects.exists() == may


def test_a_member_is_not_invited_again_not_even_one_who_was_deactivated(
    organization: Any, manager: User
) -> None:
    labeler = member(organization)
    organization.memberships.filter(user=labeler).update(is_active=False)
    with pytest.raises(Refused, match="is a member already"):
        invited(organization, manager, labeler.email.upper())


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_member(organization: Any, manager: User) -> None:
    invitation, ada = invited(organization, manager), UserFactory(email="ada@example.test")
    outcomes: list[str] = []

    def click() -> None:
        try:
            accept(invitation=invitation, user=ada)
            outcomes.append("in")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(outcomes) == ["in", "refused"]
    assert Membership.objects.filter(user=ada).count() == 1


# At the desk


def desk_post(browser: Client, path: str, **fields: Any) -> Any:
    """A form of the desk, filled in."""
    made = browser.get(path).context
    return browser.post(path, {made["desk_field"]: made["desk_here"], **fields})


ADD = "/admin/teams/invitation/add/"


def test_a_manager_invites_five_people_at_once(organization: Any, manager: User, page: Any) -> None:
    project = ProjectFactory(organization=organization)
    team = create_team(organization=organization, name="Night shift", by=manager)
    pasted = "E-mail,Name\na@example.test,A\nb@example.test;B\n c@example.test \n"
    pasted += "d@example.test, e@example.test\nA@example.test"
    answer = desk_post(
        page(manager), ADD, emails=pasted, role="labeler", teams=[team.pk], projects=[project.pk]
    )
    assert (answer.status_code, answer.content.decode().count("8000/invitation/")) == (200, 5)
    assert list(Invitation.objects.order_by("pk").values_list("email", "teams")) == [
        (f"{letter}@example.test", team.pk) for letter in "abcde"
    ]
    do_jobs()
    assert len(mail.outbox) == 5


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("nobody", "No e-mail address: nobody"),
        ("a@example.test\nb@", "No e-mail address: b@"),
        ("\n ,; \n", "No e-mail address: ,;"),
        ("a\x00@example.test", "Null characters are not allowed"),
        ("\n".join(f"p{n}@example.test" for n in range(201)), "Between 1 and 200"),
    ],
)
def test_a_list_with_something_wrong_invites_nobody(
    organization: Any, manager: User, page: Any, pasted: str, said: str
) -> None:
    answer = desk_post(page(manager), ADD, emails=pasted, role="labeler")
    assert said in answer.content.decode()
    assert not Invitation.objects.exists()


def test_one_member_among_the_addresses_and_nobody_is_invited(
    organization: Any, manager: User, page: Any
) -> None:
    labeler = member(organization)
    answer = desk_post(page(manager), ADD, emails=f"a@example.test\n{labeler.email}", role="labeler")
    assert f"{labeler.email} is a member already" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_teams_and_projects_of_another_organization_are_no_choice(
    organization: Any, manager: User, page: Any
) -> None:
    theirs = ProjectFactory()
    answer = desk_post(page(manager), ADD, emails="a@example.test", role="labeler", projects=[theirs.pk])
    assert (answer.status_code, Invitation.objects.exists()) == (200, False)


@pytest.mark.parametrize("deed", ["send_again", "call_back"])
def test_the_list_sends_again_and_calls_back(organization: Any, manager: User, page: Any, deed: str) -> None:
    invitation = invited(organization, manager)
    browser, listed = page(manager), "/admin/teams/invitation/"
    answer = desk_post(browser, listed, action=deed, _selected_action=[invitation.pk])
    assert answer.status_code == 302
    invitation.refresh_from_db()
    assert (invitation.serial, invitation.revoked_at is None) == (
        (2, True) if deed == "send_again" else (1, False)
    )
