"""What stays of an example that was erased: its number, and a keyed digest by which its key is known again.

The ingest asks here. Where nothing was ever erased that costs a batch two look-ups in an empty index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Example, Stream
from teams.access.asked import Asked
from teams.access.problems import FieldError, Problem
from teams.identity.models import Organization, OrganizationModel, organization_key
from teams.work.erasing import key_digest

ERASED = FieldError("/key", "erased", "The example of this key was erased; it cannot come back.")
SCHEME = "sluice:"  # of uploads; the example says `sluice:<digest>`


class Tombstone(OrganizationModel):
    """An example that was erased. Nothing that it held can be read from this."""

    organization = organization_key("tombstones")
    erasure = models.ForeignKey("projects.Erasure", on_delete=models.CASCADE, related_name="tombstones")
    stream = models.ForeignKey(
        Stream, on_delete=models.CASCADE, related_name="tombstones", db_index=False, db_constraint=False
    )
    example_id = models.BigIntegerField()
    key_digest = models.CharField(max_length=64)
    media_digest = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("tombstone")
        verbose_name_plural = _("tombstones")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "stream", "key_digest"], name="tombstone_of_a_key"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "example_id"], name="tombstone_of_example"),
            models.Index(
                fields=["organization", "media_digest"],
                condition=~Q(media_digest=""),
                name="tombstone_of_media",
            ),
        ]

    def __str__(self) -> str:
        return f"example {self.example_id}"


class ErasedMeanwhile(Exception):
    """A key was erased between the look and the write; the next look sees it."""


class Gone(Problem):
    """410: what is asked for was erased."""

    def __init__(self, row: Tombstone) -> None:
        detail = "This example was erased; nothing of it is kept."
        super().__init__(410, "erased", detail, id=row.example_id, erased_at=row.at.isoformat())


ANY = Asked(
    lambda organization, stream: Tombstone.objects.filter(
        organization=organization, stream=stream
    ).values_list("pk")[:1],
    -1,
    -2,
)


def erased_keys(stream: Stream, keys: Iterable[str]) -> set[str]:
    """Which of these keys are of erased examples."""
    if not ANY.rows(stream.organization_id, stream.pk):
        return set()
    rows = stream.organization.tombstones.filter(stream=stream)
    by_digest = digests(stream, keys)
    found = rows.filter(key_digest__in=by_digest).values_list("key_digest", flat=True)
    return {by_digest[digest] for digest in found}


def digests(stream: Stream, keys: Iterable[str]) -> dict[str, str]:
    """Keys by what stays of them."""
    return {key_digest(stream.organization, stream.pk, key): key for key in keys}


def check_not_erased(stream: Stream, keys: Collection[str]) -> None:
    """After new examples were written: raises ErasedMeanwhile where somebody erased one of them just before.

    An erasure removes the row of a key before it says so, and this statement is younger than the insert that found
    the key free: so it sees what the erasure has said.
    """
    if keys and erased_keys(stream, keys):
        raise ErasedMeanwhile


def media_is_erased(organization: Organization, digest: str) -> bool:
    """Whether an upload was an erased example's, and is no other's."""
    if not organization.tombstones.filter(media_digest=digest).exclude(media_digest="").exists():
        return False
    return not uploads_in_use(organization, [digest])


def uploads_in_use(organization: Organization, digests: Collection[str]) -> set[str]:
    """Which of these uploads an example shows."""
    shown: models.QuerySet[Example] = organization.examples.filter(
        media_uri__in=[SCHEME + digest for digest in digests],
        media_uri__startswith=SCHEME,  # as the index says it
    )
    return {uri.removeprefix(SCHEME) for uri in shown.values_list("media_uri", flat=True).distinct()}
