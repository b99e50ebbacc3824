"""What follows an invitation: its mail."""

from __future__ import annotations

from teams.identity.models import Organization
from teams.people.inviting import MAIL, link_of
from teams.people.mail import send_invitation
from teams.work.jobs import job


@job(MAIL)
def mail_invitation(organization: Organization, invitation_id: int, serial: int) -> None:
    """Send the newest link; one that has been replaced, revoked or used since is not worth a mail."""
    waiting = organization.invitations.waiting().select_related("organization", "created_by")
    invitation = waiting.filter(pk=invitation_id, serial=serial).first()
    if invitation is not None:
        send_invitation(invitation, link_of(invitation))
