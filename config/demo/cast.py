"""Who plays in the demo. Everybody is simulated, says so in their name, and has the same known password."""

from __future__ import annotations

from dataclasses import dataclass

from teams.identity.models import Membership, Organization, Team, User
from teams.identity.roles import Role
from teams.people.actions import add_member, add_to_team, create_organization, create_team

PASSWORD = "shelf-tags-1797"  # noqa: S105 - printed at every start; the accounts exist in the demo alone
SLUG = "demo"
NAME = "Demo (simulated people, real digits)"
TEAM = "Tag readers"


@dataclass(frozen=True)
class Part:
    """A person of the play."""

    email: str
    name: str
    role: str


OWNER = Part("owner@example.test", "Olu (simulated)", Role.OWNER)
MANAGER = Part("manager@example.test", "Mara (simulated)", Role.MANAGER)
REVIEWER = Part("reviewer@example.test", "Rui (simulated)", Role.REVIEWER)
LABELERS = (
    Part("labeler1@example.test", "Lena (simulated)", Role.LABELER),
    Part("labeler2@example.test", "Liam (simulated)", Role.LABELER),
    Part("labeler3@example.test", "Lucía (simulated)", Role.LABELER),
)
PARTS = (OWNER, MANAGER, REVIEWER, *LABELERS)


class NotOurs(Exception):
    """Something of this name is there already, and the demo did not make it."""


def ensure_organization() -> Organization:
    """The demo's organization with its people and its team. Raises NotOurs for somebody else's."""
    owner = ensure_user(OWNER)
    organization = Organization.objects.filter(slug=SLUG).first()
    if organization is None:
        organization = create_organization(name=NAME, slug=SLUG, owner=owner, by=None)
    if not organization.memberships.filter(user=owner, role=Role.OWNER).exists():
        raise NotOurs(f"This database has an organization “{SLUG}” that the demo did not make.")
    team = organization.teams.filter(name=TEAM).first() or create_team(
        organization=organization, name=TEAM, by=owner
    )
    for part in PARTS:
        ensure_member(organization, team, part, owner)
    return organization


def ensure_user(part: Part) -> User:
    """The account of a person of the play."""
    known = User.objects.filter(email__iexact=part.email).first()
    return known or User.objects.create_user(part.email, PASSWORD, name=part.name)


def ensure_member(organization: Organization, team: Team, part: Part, owner: User) -> None:
    """Them in the organization, and in the team where their role needs grants."""
    user = ensure_user(part)
    membership: Membership | None = organization.memberships.filter(user=user).first()
    if membership is None:
        membership = add_member(organization=organization, user=user, role=part.role, by=owner)
    if part.role in {Role.REVIEWER, Role.LABELER}:
        add_to_team(team=team, membership=membership, by=owner)
