"""Mail to people who are not members yet."""

from __future__ import annotations

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from teams.identity.roles import SENTENCES, Role
from teams.people.models import Invitation


def send_invitation(invitation: Invitation, link: str) -> None:
    """The link, who invites, and as what; as text and as HTML."""
    organization = invitation.organization
    who = str(invitation.created_by or organization.name)
    context = {
        "organization_name": organization.name,
        "role": invitation.get_role_display(),
        "sentence": SENTENCES[Role(invitation.role)],
        "invited_by": who,
        "expires_at": invitation.expires_at,
        "action_url": link,
        "action_label": _("Accept the invitation"),
    }
    subject = _("%(who)s invites you to %(organization)s") % {
        "who": " ".join(who.split()),
        "organization": " ".join(organization.name.split()),
    }
    mail = EmailMultiAlternatives(
        subject, render_to_string("emails/invitation.txt", context), to=[invitation.email]
    )
    mail.attach_alternative(render_to_string("emails/invitation.html", context), "text/html")
    mail.send()
