"""What is done with figures about people."""

from __future__ import annotations

from django.db import transaction

from teams.events.actions import record
from teams.identity.models import Membership, Organization, User


@transaction.atomic
def note_view(*, organization: Organization, of: Membership | None, by: User) -> None:
    """Somebody looked at the figures of another person, or of everybody."""
    record("figures.viewed", organization=organization, subject=of or organization, by=by)
