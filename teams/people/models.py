"""People who are not here yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.identity.models import OrganizationModel, Team, User, organization_key
from teams.identity.roles import Role

VALID_FOR = timedelta(days=7)


def a_week_from_now() -> datetime:
    """When a link made now is over."""
    return timezone.now() + VALID_FOR


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Questions about who may still come."""

    def waiting(self) -> InvitationQuerySet:
        """Neither accepted nor revoked; it may be over."""
        return self.filter(accepted_at=None, revoked_at=None)

    def live(self, at: datetime) -> InvitationQuerySet:
        """Still good."""
        return self.waiting().filter(expires_at__gt=at)


class Invitation(OrganizationModel):
    """A place kept for one e-mail address. Of its link only a digest is here; `serial` counts the links sent."""

    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    serial = models.PositiveSmallIntegerField(_("links sent"), default=1)
    digest = models.CharField(max_length=64, editable=False)
    teams: models.ManyToManyField[Team, InvitationTeam] = models.ManyToManyField(
        Team, through="InvitationTeam", related_name="invitations", verbose_name=_("teams")
    )
    created_at = models.DateTimeField(_("invited"), default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(_("good until"), default=a_week_from_now)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    accepted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=Q(accepted_at=None, revoked_at=None),
                name="one_invitation_a_person",
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role for role in Role.values if role != Role.PIPELINE]),
                name="invitation_role_is_a_persons",
            ),
        ]
        indexes = [models.Index(fields=["organization", "-created_at"], name="invitation_newest")]

    def __str__(self) -> str:
        return self.email


class InvitationTeam(OrganizationModel):
    """A team that the person will be in."""

    organization = organization_key("invitation_teams")
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="invitation_teams")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitation_teams")

    class Meta:
        verbose_name = _("team of an invitation")
        verbose_name_plural = _("teams of an invitation")
        constraints = [models.UniqueConstraint(fields=["invitation", "team"], name="invited_once_to_a_team")]

    def __str__(self) -> str:
        return f"{self.invitation} to {self.team}"
