"""People, organizations and what they may do."""

from __future__ import annotations

import secrets
from typing import Any

import factory
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory

from teams.access.actions import issue_token
from teams.access.permissions import grant
from teams.identity.roles import GRANTABLE, PIPELINE, Role
from teams.models import Membership, Organization, Team, Token, User

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.test")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    slug = factory.Sequence(lambda n: f"org{n}")
    name = factory.Sequence(lambda n: f"Organization {n}")
    digest_key = factory.LazyFunction(lambda: secrets.token_bytes(32))


class Of(DjangoModelFactory[Any]):
    """A row of an organization; pass the parent and the organization follows."""

    class Meta:
        abstract = True


class MembershipFactory(Of):
    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.LABELER


class TeamFactory(Of):
    class Meta:
        model = Team

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Team {n}")
    group = factory.LazyFunction(lambda: Group.objects.create(name=f"team:{secrets.token_hex(8)}"))


def member(organization: Organization, role: str = Role.LABELER, *grants: Any) -> User:
    """A person with a role in an organization, and with every grantable verb on the projects given."""
    user = UserFactory()
    MembershipFactory(organization=organization, user=user, role=role)
    for project in grants:
        for codename in GRANTABLE:
            grant(f"projects.{codename}", user, project)
    return user


def token(organization: Organization, *projects: Any, verbs: Any = PIPELINE) -> tuple[Token, str]:
    """A service account's token and its text, with grants on the projects given."""
    user = UserFactory(is_service=True)
    MembershipFactory(organization=organization, user=user, role=Role.PIPELINE)
    for project in projects:
        for verb in PIPELINE:
            grant(verb, user, project)
    return issue_token(organization=organization, user=user, name="test", verbs=verbs, by=None)
