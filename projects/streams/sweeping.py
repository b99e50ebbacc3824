"""Uploads that nobody needs: no row knows them, or no example has ever shown them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import transaction

from projects.streams.models import Media
from projects.streams.tombstones import uploads_in_use
from teams.identity.models import Organization
from teams.work.sweeping import remove

WAITED_FOR = timedelta(days=30)  # whoever uploads a file and then names it in a batch has so long for that
AT_ONCE = 50  # of one turn of the clock


def sweep_media(organization: Organization, names: list[str]) -> int:
    """Of some old files below `media`, remove those that no row knows; how many. A name is never given twice.

    The batch that brought them was rolled back after the file had its place.
    """
    known = set(organization.media.filter(name__in=names).values_list("name", flat=True))
    return remove([name for name in names if name not in known])


def forget_unnamed(at: datetime) -> int:
    """Uploads that no example has shown in a month go; how many. One that was shown once may be in a snapshot."""
    waiting = Media.objects.filter(named_at=None, created_at__lt=at - WAITED_FOR).order_by("created_at")
    return sum(forget(pk, at) for pk in list(waiting.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def forget(media_id: int, at: datetime) -> bool:
    """One of them, unless a batch that names it was quicker; one that names it now waits, and hears that it is gone."""
    rows = Media.objects.select_for_update(skip_locked=True, of=("self",)).select_related("organization")
    row = rows.filter(pk=media_id, named_at=None, created_at__lt=at - WAITED_FOR).first()
    if row is None:
        return False
    organization = row.organization
    if uploads_in_use(organization, [row.digest]):
        organization.media.filter(pk=row.pk).update(named_at=at)
        return False
    default_storage.delete(row.name)
    row.delete()
    return True
