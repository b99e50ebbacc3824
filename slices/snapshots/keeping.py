"""What may still happen beside a snapshot, whose own row never changes: erased members, pins, the end of its files."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from slices.snapshots.models import Snapshot
from teams.identity.models import OrganizationModel, User, organization_key


class ManifestBlock(OrganizationModel):
    """Which of 65,536 neighbouring examples are in a manifest: block * 65,536 + low + 32,768 is the number of each.

    Two bytes a member, in the database, so that one look-up tells where an example was used. Equal snapshots share
    their manifest, and these.
    """

    organization = organization_key("manifest_blocks")
    manifest_sha256 = models.CharField(max_length=64)
    block = models.BigIntegerField()
    lows = ArrayField(models.SmallIntegerField())

    class Meta:
        verbose_name = _("block of a manifest")
        verbose_name_plural = _("blocks of manifests")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "manifest_sha256", "block"], name="manifest_block_is_one"
            )
        ]
        indexes = [models.Index(fields=["organization", "block"], name="manifest_block_of_examples")]

    def __str__(self) -> str:
        return f"{self.manifest_sha256[:12]} {self.block}"


class Redaction(OrganizationModel):
    """A member that was erased: whoever reads the snapshot finds it left out, and is told that it was."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="redactions")
    example_id = models.BigIntegerField()
    is_removed = models.BooleanField(default=False, help_text=_("It is in no file any more."))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("redaction")
        verbose_name_plural = _("redactions")
        constraints = [models.UniqueConstraint(fields=["snapshot", "example_id"], name="redacted_once")]
        indexes = [models.Index(fields=["organization", "example_id"], name="redaction_of_example")]

    def __str__(self) -> str:
        return f"example {self.example_id} of snapshot {self.snapshot_id}"


class Keeping(OrganizationModel):
    """Until when a snapshot's files are kept: as long as something pins it, and some time after that."""

    snapshot = models.OneToOneField(Snapshot, on_delete=models.CASCADE, related_name="keeping")
    look_at = models.DateTimeField(default=timezone.now)
    is_settled = models.BooleanField(
        default=False, help_text=_("No erasure that ran while it was frozen was missed.")
    )
    expired_at = models.DateTimeField(_("files gone"), null=True)

    class Meta:
        verbose_name = _("keeping of a snapshot")
        verbose_name_plural = _("keepings of snapshots")
        indexes = [
            models.Index(fields=["look_at"], condition=Q(expired_at=None), name="keeping_due"),
            models.Index(fields=["id"], condition=Q(is_settled=False), name="keeping_unsettled"),
        ]

    def __str__(self) -> str:
        return str(self.snapshot_id)


class Pin(OrganizationModel):
    """Somebody wants a snapshot to be kept, and says why; until somebody lets it go."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="pins")
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(_("since"), default=timezone.now)
    released_at = models.DateTimeField(_("let go"), null=True)
    released_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("pin")
        verbose_name_plural = _("pins")
        constraints = [
            models.CheckConstraint(
                condition=Q(released_at__isnull=False) | Q(released_by=None), name="pin_release_is_paired"
            )
        ]
        indexes = [models.Index(fields=["organization", "snapshot", "-id"], name="pin_of_snapshot")]

    def __str__(self) -> str:
        return self.reason
