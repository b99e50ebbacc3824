"""What operators do: create, close and open organizations, shut people out, try jobs again; all of it in the audit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse

from teams.access.permissions import membership_of
from teams.identity.models import Organization, User
from teams.identity.refused import Refused
from teams.people.actions import close_organization, reopen_organization
from teams.platform.actions import deactivate_person
from teams.work.models import Job
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory, token
from tests.teams.platform.operators import do, happened, organization_of, said, url_of

pytestmark = pytest.mark.django_db

# organizations


def new(browser: Client, **changed: str) -> Any:
    body = {"name": "Initech", "slug": "initech", "email": "ada@example.test", "owner_name": "Ada", **changed}
    return browser.post(reverse("platform:teams_organization_add"), body)


def test_an_organization_is_created_with_its_first_owner(browser: Client, operator: User) -> None:
    assert new(browser).status_code == 302
    made = Organization.objects.get(slug="initech")
    owner = made.memberships.get()
    assert (owner.user.email, owner.user.name, owner.role) == ("ada@example.test", "Ada", "owner")
    assert (owner.user.has_usable_password(), len(made.digest_key)) == (False, 32)
    assert happened(made) == [
        ("organization.created", operator, "teams.organization"),
        ("member.added", operator, "teams.membership"),
    ]


def test_an_owner_who_has_an_account_keeps_it(browser: Client) -> None:
    ada = UserFactory(email="ada@example.test", name="Ada Lovelace")
    new(browser, email="ADA@example.test", owner_name="Somebody")
    assert [row.user for row in Organization.objects.get().memberships.all()] == [ada]
    ada.refresh_from_db()
    assert ada.name == "Ada Lovelace"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"slug": "acme"}, "already exists"),
        ({"slug": "No Way"}, "valid"),
        ({"email": "nobody"}, "valid email address"),
        ({"email": "gone@example.test"}, "let them in again first"),
        ({"email": "machine@service.invalid"}, "belongs to a machine"),
    ],
)
def test_an_organization_that_cannot_be_is_refused_with_a_sentence(
    browser: Client, changed: dict[str, str], sentence: str
) -> None:
    OrganizationFactory(slug="acme")
    UserFactory(email="gone@example.test", is_active=False)
    UserFactory(email="machine@service.invalid", is_service=True)
    people = User.objects.count()
    answer = new(browser, **changed)
    assert (answer.status_code, sentence in answer.content.decode()) == (200, True)
    assert (Organization.objects.count(), User.objects.count()) == (1, people)


def test_closing_asks_once_more(browser: Client) -> None:
    organization = organization_of()
    asked = do(browser, "organization", "close", organization)
    assert (asked.status_code, "Nothing is deleted" in asked.content.decode()) == (200, True)
    organization.refresh_from_db()
    assert organization.is_active


def test_a_closed_organization_opens_no_door_until_it_is_opened_again(
    browser: Client, operator: User, page: Callable[[Any], Client], api: Callable[[str], Client]
) -> None:
    organization = organization_of()
    owner = organization.memberships.filter(role="owner").get().user
    manager, script = page(owner), api(token(organization)[1])

    def doors() -> list[Any]:
        return [
            manager.get(reverse("home", args=[organization.slug])).status_code,
            manager.get("/admin/").status_code,
            script.post("/api/v1/runs/claim", {}, content_type="application/json").status_code == 401,
            organization.name in str(manager.get(reverse("organizations"), follow=True).content),
            membership_of(User.objects.get(pk=owner.pk), organization.pk) is not None,
            list(Organization.objects.of(owner)),
        ]

    opened = [200, 200, False, True, True, [organization]]
    closed = [404, 403, True, False, False, []]
    assert doors() == opened
    do(browser, "organization", "close", organization, deed_form="1")
    assert doors() == closed
    do(browser, "organization", "reopen", organization)
    assert doors() == opened
    assert happened(organization)[-2:] == [
        ("organization.closed", operator, "teams.organization"),
        ("organization.reopened", operator, "teams.organization"),
    ]


def test_a_desk_that_was_closed_while_somebody_sat_at_it_speaks_for_another(
    page: Callable[[Any], Client],
) -> None:
    first, second = organization_of(), organization_of("Globex")
    owner = first.memberships.filter(role="owner").get().user
    MembershipFactory(organization=second, user=owner, role="owner")
    manager = page(owner)
    manager.post(reverse("admin:switch"), {"organization": second.slug})
    close_organization(organization=second, by=None)
    assert manager.get("/admin/").context["organization"] == first
    assert manager.post(reverse("admin:switch"), {"organization": second.slug}).status_code == 404


def test_closing_what_is_closed_and_opening_what_is_open_is_refused(browser: Client) -> None:
    organization = organization_of()
    assert "This organization is open." in said(do(browser, "organization", "reopen", organization), browser)
    close_organization(organization=organization, by=None)
    answer = do(browser, "organization", "close", organization, deed_form="1")
    assert "is closed already" in said(answer, browser)
    reopen_organization(organization=Organization.objects.get(), by=None)
    assert [kind for kind, *_ in happened(organization)][-2:] == [
        "organization.closed",
        "organization.reopened",
    ]


# people


def test_a_deactivated_person_is_out_at_once_and_can_be_let_in_again(
    browser: Client, operator: User, page: Callable[[Any], Client]
) -> None:
    first, second = organization_of(), organization_of("Globex")
    owner = first.memberships.filter(role="owner").get().user
    MembershipFactory(organization=second, user=owner, role="viewer")
    window, home = page(owner), reverse("home", args=[first.slug])
    assert window.get(home).status_code == 200
    do(browser, "user", "deactivate", owner)
    assert (window.get(home).status_code, window.get(home).headers["Location"][:9]) == (302, "/sign-in/")
    do(browser, "user", "let_in", owner)
    assert page(owner).get(home).status_code == 200
    told = [
        ("platform.person_deactivated", operator, "teams.membership"),
        ("platform.person_let_in", operator, "teams.membership"),
    ]
    assert [happened(row)[-2:] for row in (first, second)] == [told, told]


def test_a_deed_to_a_person_that_changes_nothing_is_refused(browser: Client) -> None:
    out, here = UserFactory(is_active=False), UserFactory()
    assert "deactivated already" in said(do(browser, "user", "deactivate", out), browser)
    assert "is not deactivated" in said(do(browser, "user", "let_in", here), browser)


def test_the_last_active_operator_stays(browser: Client, operator: User) -> None:
    UserFactory(is_staff=True, is_superuser=True, is_active=False)
    button = browser.get(reverse("platform:teams_user_change", args=[operator.pk])).context["deeds"][0]
    assert "last operator" in button["why_not"]
    assert "The last operator cannot go" in said(do(browser, "user", "deactivate", operator), browser)
    other = UserFactory(is_staff=True, is_superuser=True)
    do(browser, "user", "deactivate", operator)
    assert list(User.objects.operators()) == [other]


@pytest.mark.django_db(transaction=True)
def test_two_operators_who_deactivate_each_other_at_once_leave_one() -> None:
    first, second = (UserFactory(is_staff=True, is_superuser=True) for _ in range(2))
    together, refused = threading.Barrier(2), []

    def shut_out(by: User, user: User) -> None:
        together.wait()
        try:
            deactivate_person(user=user, by=by)
        except Refused as refusal:
            refused.append(refusal.sentence)
        finally:
            connection.close()

    pairs = [(first, second), (second, first)]
    threads = [threading.Thread(target=shut_out, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (User.objects.operators().count(), len(refused)) == (1, 1)


# jobs


def test_dead_jobs_of_all_organizations_are_tried_again(browser: Client, operator: User) -> None:
    first, second = organization_of(), organization_of("Globex")
    first.jobs.create(kind="runs.prepare")
    listed = browser.get(reverse("platform:teams_job_changelist")).context["cl"].result_list
    assert [(row.organization, row.state) for row in listed] == [(second, "dead"), (first, "dead")]
    do(browser, "job", "try_again", *listed)
    rows = Job.objects.order_by("pk").values_list("state", "attempts")
    assert list(rows) == [("queued", 0)] * 3
    told = [("job.retried", operator, "teams.job")]
    assert [happened(row)[-1:] for row in (first, second)] == [told, told]


# the audit


def test_managers_read_who_looked_and_what_was_done(
    browser: Client, operator: User, page: Callable[[Any], Client]
) -> None:
    organization, other = organization_of(), organization_of("Globex")
    before = len(happened(organization)), happened(other)
    browser.get(url_of("teams_organization_change", organization))
    browser.get(reverse("platform:teams_organization_changelist"))
    do(browser, "job", "try_again", organization.jobs.get())
    assert happened(organization)[before[0] :] == [
        ("platform.viewed", operator, "teams.organization"),
        ("job.retried", operator, "teams.job"),
    ]
    assert happened(other) == before[1]
    owner = organization.memberships.filter(role="owner").get().user
    text = page(owner).get(reverse("admin:teams_event_changelist")).content.decode()
    assert [words in text for words in ("Looked at by an operator", "Olga Operator")] == [True, True]


def test_djangos_own_log_stays_empty(browser: Client) -> None:
    organization = organization_of()
    new(browser)
    do(browser, "organization", "close", organization, deed_form="1")
    do(browser, "user", "deactivate", organization.memberships.filter(role="owner").get().user)
    do(browser, "job", "try_again", organization.jobs.get())
    assert LogEntry.objects.count() == 0


def test_a_deed_leads_back_to_its_page_and_nowhere_else(browser: Client) -> None:
    person = UserFactory()
    mine = reverse("platform:teams_user_change", args=[person.pk])
    listed = reverse("platform:teams_user_changelist")
    found = [
        do(browser, "user", "let_in", person, back=back).headers["Location"]
        for back in (mine, "/admin/", "https://elsewhere.example/platform/", "//elsewhere.example/platform/")
    ]
    assert found == [mine, listed, listed, listed]
