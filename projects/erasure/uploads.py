"""Uploaded files of erased examples go, those that they showed earlier too, unless another example shows the same."""

from __future__ import annotations

from django.core.files.storage import default_storage

from projects.streams.tombstones import uploads_in_use
from teams.work.erasing import Doomed


def erase_uploads(doomed: Doomed) -> int:
    """Delete the files, then what is known of them; how many. A row without its file is found again next time."""
    organization = doomed.organization
    earlier = organization.earlier_uploads.filter(example_id__in=doomed.example_ids)
    digests = {*doomed.media, *earlier.values_list("digest", flat=True)}
    rows = organization.media.filter(digest__in=digests).select_for_update().order_by("digest")
    found = list(rows)
    shared = uploads_in_use(organization, [row.digest for row in found])
    alone = [row for row in found if row.digest not in shared]
    for row in alone:
        default_storage.delete(row.name)
    organization.media.filter(pk__in=[row.pk for row in alone]).delete()
    earlier.delete()
    return len(alone)


def count_uploads(doomed: Doomed) -> int:
    """How many files the examples show; those of others too are counted, as they cannot be told apart beforehand."""
    organization = doomed.organization
    shown = organization.examples.filter(pk__in=doomed.example_ids, media_uri__startswith="sluice:")
    return shown.values("media_uri").distinct().count()
