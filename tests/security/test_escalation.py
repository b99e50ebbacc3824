"""Nobody gets to more than they had by any detour: roles, invitations, teams, grants, tokens, in any order."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from projects.models import Project
from teams.access.actions import create_service_account, issue_token, set_grants
from teams.identity.refused import Refused
from teams.identity.roles import GRANTABLE, WORDS, Role, verbs_of
from teams.models import Membership, Organization, Token, User
from teams.people.actions import (
    add_to_team,
    change_role,
    create_team,
    deactivate_member,
    reactivate_member,
    remove_from_team,
)
from teams.people.inviting import accept_as_new, invite
from tests.factories import OrganizationFactory, ProjectFactory, member

ROLES = st.sampled_from(Role.values)
VERBS = st.lists(st.sampled_from(sorted(WORDS)), max_size=3)
WHO = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("role"), WHO, ROLES),
    st.tuples(st.just("invite"), ROLES),
    st.tuples(st.just("grant"), WHO, st.lists(st.sampled_from(GRANTABLE), max_size=3)),
    st.tuples(st.just("grant_team"), st.lists(st.sampled_from(GRANTABLE), max_size=3)),
    st.tuples(st.just("move"), WHO, st.booleans()),
    st.tuples(st.just("token"), WHO, VERBS),
    st.tuples(st.just("machine"), VERBS),
    st.tuples(st.just("deactivate"), WHO),
    st.tuples(st.just("reactivate"), WHO),
)


class Place:
    """An organization with an owner, and somebody of a role who tries everything."""

    def __init__(self, role: str) -> None:
        self.organization: Organization = OrganizationFactory()
        self.project = ProjectFactory(organization=self.organization)
        self.foreign = ProjectFactory()
        self.owner = member(self.organization, Role.OWNER)
        self.actor = member(self.organization, role)
        for other in (Role.ADMIN, Role.MANAGER, Role.LABELER, Role.VIEWER):
            member(self.organization, other)
        self.team = create_team(organization=self.organization, name="Team", by=self.owner)
        self.before = self.may()
        self.limit = verbs_of(role)
        self.invited = 0

    def may(self) -> dict[int, frozenset[str]]:
        """What each person may, anywhere in the organization."""
        return {
            row.user_id: verbs_of(row.role) for row in self.organization.memberships.filter(is_active=True)
        }

    def chosen(self, n: int) -> Membership:
        """One of the members."""
        rows = list(self.organization.memberships.order_by("pk"))
        return rows[n % len(rows)]

    def step(self, kind: str, *how: Any) -> None:
        """One deed of the actor, if it is not refused."""
        with contextlib.suppress(Refused):
            getattr(self, kind)(*how)

    def by(self) -> User:
        """The actor as the next request finds them."""
        return User.objects.get(pk=self.actor.pk)

    def role(self, n: int, role: str) -> None:
        change_role(membership=self.chosen(n), role=role, by=self.by())

    def invite(self, role: str) -> None:
        self.invited += 1
        invitation = invite(
            organization=self.organization,
            email=f"{self.invited}@example.test",
            role=role,
            teams=[self.team],
            projects=[self.project],
            by=self.by(),
        )
        accept_as_new(invitation=invitation, name="New", password="a long and odd phrase")

    def grant(self, n: int, verbs: list[str]) -> None:
        wanted = [f"projects.{verb}" for verb in verbs]
        set_grants(row=self.project, to=self.chosen(n).user, verbs=wanted, by=self.by())

    def grant_team(self, verbs: list[str]) -> None:
        wanted = [f"projects.{verb}" for verb in verbs]
        set_grants(row=self.project, to=self.team, verbs=wanted, by=self.by())

    def move(self, n: int, into: bool) -> None:
        move = add_to_team if into else remove_from_team
        move(team=self.team, membership=self.chosen(n), by=self.by())

    def token(self, n: int, verbs: list[str]) -> None:
        user = self.chosen(n).user
        issue_token(organization=self.organization, user=user, name="t", verbs=verbs, by=self.by())

    def machine(self, verbs: list[str]) -> None:
        user = create_service_account(organization=self.organization, name="m", by=self.by())
        issue_token(organization=self.organization, user=user, name="t", verbs=verbs, by=self.by())

    def deactivate(self, n: int) -> None:
        deactivate_member(membership=self.chosen(n), by=self.by())

    def reactivate(self, n: int) -> None:
        reactivate_member(membership=self.chosen(n), by=self.by())

    def check(self) -> None:
        """Nobody may more than the actor could, or than they themselves could before."""
        grown = {
            user: verbs - self.limit - self.before.get(user, frozenset())
            for user, verbs in self.may().items()
            if not verbs <= self.limit | self.before.get(user, frozenset())
        }
        assert grown == {}
        beyond = [token.verbs for token in Token.objects.all() if not set(token.verbs) <= self.limit]
        assert beyond == []
        assert self.organization.memberships.filter(role=Role.OWNER, is_active=True).exists()
        for row in self.organization.memberships.select_related("user"):
            user = User.objects.get(pk=row.user_id)
            reach = [
                verb for verb in WORDS if verb.startswith("projects.") and user.has_perm(verb, self.foreign)
            ]
            assert reach == []
            here = {verb for verb in WORDS if user.has_perm(verb, self.project)}
            assert here <= verbs_of(row.role)
        assert (
            Project.objects.open_to(self.by(), "projects.view_project").filter(pk=self.foreign.pk).count()
            == 0
        )


class NoDetourLeadsUp(TestCase):
    """ASVS 5.0.0 V8.2.1, V8.3.1."""

    @settings(max_examples=60)
    @given(role=st.sampled_from([Role.ADMIN, Role.MANAGER]), steps=st.lists(STEPS, max_size=12))
    def test_whatever_is_tried(self, role: str, steps: list[tuple[Any, ...]]) -> None:
        place = Place(role)
        for kind, *how in steps:
            place.step(kind, *how)
        place.check()


@pytest.mark.django_db
def test_who_is_shut_out_or_let_in_is_judged_by_the_role_they_have_now() -> None:
    organization = OrganizationFactory()
    owner, admin = member(organization, Role.OWNER), member(organization, Role.ADMIN)
    seen = Membership.objects.get(user=member(organization, Role.LABELER))
    change_role(membership=seen, role=Role.OWNER, by=owner)
    assert seen.role == Role.LABELER, "as the admin's page still shows it"
    with pytest.raises(Refused):
        deactivate_member(membership=seen, by=admin)
    deactivate_member(membership=seen, by=owner)
    with pytest.raises(Refused):
        reactivate_member(membership=seen, by=admin)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", ["step down", "shut out"])
def test_of_two_owners_who_leave_at_once_one_stays(leave: str) -> None:
    organization = OrganizationFactory()
    owners = [Membership.objects.get(user=member(organization, Role.OWNER)) for _ in range(2)]
    start, refused = threading.Barrier(2), []

    def go(mine: Membership) -> None:
        try:
            start.wait()
            if leave == "step down":
                change_role(membership=mine, role=Role.VIEWER, by=mine.user)
            else:
                deactivate_member(membership=mine, by=mine.user)
        except Refused as refusal:
            refused.append(refusal.sentence)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[mine]) for mine in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert organization.memberships.filter(role=Role.OWNER, is_active=True).count() == 1
