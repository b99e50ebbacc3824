"""Gathers the models of the rooms."""

from teams.access.models import StoredAnswer, Token
from teams.events.models import Event, EventDetail
from teams.identity.models import Membership, Organization, OrganizationModel, Team, TeamMember, User
from teams.people.models import Invitation, InvitationTeam
from teams.work.models import Beat, Job

__all__ = [
    "Beat",
    "Event",
    "EventDetail",
    "Invitation",
    "InvitationTeam",
    "Job",
    "Membership",
    "Organization",
    "OrganizationModel",
    "StoredAnswer",
    "Team",
    "TeamMember",
    "Token",
    "User",
]
