"""Uploads that examples showed before they were changed: who erases an example finds its earlier pictures by these.

The database notes them itself, as it notes what else changes of an example (changes.py); only a changed upload costs.
"""

from __future__ import annotations

import pgtrigger
from django.db import models

from teams.identity.models import OrganizationModel, organization_key

NOTE = """
INSERT INTO projects_earlierupload (organization_id, example_id, digest)
VALUES (OLD.organization_id, OLD.id, substr(OLD.media_uri, length('sluice:') + 1)) ON CONFLICT DO NOTHING;
RETURN NULL;
"""
SHOWS_ANOTHER = "OLD.media_uri LIKE 'sluice:%' AND OLD.media_uri IS DISTINCT FROM NEW.media_uri"
NOTES = [
    pgtrigger.Trigger(
        name="example_shows_another",
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(SHOWS_ANOTHER),
        func=NOTE,
    )
]


class EarlierUpload(OrganizationModel):
    """An upload that an example does not show any more. It has no key to the example, whose end it outlives."""

    organization = organization_key("earlier_uploads")
    example_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = "earlier upload"
        verbose_name_plural = "earlier uploads"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "example_id", "digest"], name="earlier_upload_of_example"
            )
        ]

    def __str__(self) -> str:
        return self.digest
