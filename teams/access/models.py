"""Keys of machines."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from teams.identity.models import OrganizationModel, User, organization_key


class TokenQuerySet(models.QuerySet["Token"]):
    """Questions about keys."""

    def live(self, at: datetime) -> TokenQuerySet:
        """Neither revoked nor expired, of a member who is still one, in an organization that is not closed."""
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=at),
            revoked_at=None,
            organization__is_active=True,
            user__is_active=True,
            user__memberships__organization_id=models.F("organization_id"),
            user__memberships__is_active=True,
        )


class Token(OrganizationModel):
    """A key of one user in one organization. Only its digest is kept; the prefix tells keys apart."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(_("begins with"), max_length=12, unique=True)
    digest = models.CharField(max_length=64, editable=False)
    verbs = ArrayField(models.CharField(max_length=60), verbose_name=_("may"), default=list)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_address = models.GenericIPAddressField(_("last used from"), null=True, blank=True)
    replaced_by = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, related_name="replaces", editable=False
    )

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        indexes = [models.Index(fields=["organization", "-created_at"], name="token_newest")]

    def __str__(self) -> str:
        return f"{self.name} (slc_{self.prefix}…)"


class StoredAnswer(OrganizationModel):
    """How a call with an Idempotency-Key was answered. Without a body it is erased."""

    organization = organization_key("stored_answers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField(null=True)
    content_type = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("stored answer")
        verbose_name_plural = _("stored answers")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user", "key"], name="one_answer_a_key"),
        ]
        indexes = [models.Index(fields=["at"], name="stored_answer_oldest")]

    def __str__(self) -> str:
        return self.key
