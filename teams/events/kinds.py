"""What can happen on the ground floor."""

from django.utils.translation import gettext_lazy as _

from teams.events.actions import Kind

KINDS = (
    Kind("organization.created", _("Organization created")),
    Kind("organization.closed", _("Organization closed")),
    Kind("organization.reopened", _("Organization opened again")),
    Kind("organization.changed", _("Organization changed")),
    Kind("member.added", _("Member added")),
    Kind("member.role_changed", _("Role changed")),
    Kind("member.deactivated", _("Member deactivated")),
    Kind("member.reactivated", _("Member reactivated")),
    Kind("invitation.sent", _("Invited")),
    Kind("invitation.resent", _("Invitation sent again")),
    Kind("invitation.revoked", _("Invitation revoked")),
    Kind("invitation.accepted", _("Invitation accepted")),
    Kind("team.created", _("Team created")),
    Kind("team.member_added", _("Added to a team")),
    Kind("team.member_removed", _("Removed from a team")),
    Kind("service_account.created", _("Service account created")),
    Kind("token.issued", _("Token issued")),
    Kind("token.rotated", _("Token rotated")),
    Kind("token.revoked", _("Token revoked")),
    Kind("grants.changed", _("Grants changed")),
    Kind("job.retried", _("Job tried again")),
)
