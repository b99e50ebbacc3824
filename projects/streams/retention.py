"""Who still needs an example, how long a stream keeps what nobody needs, and what that would come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.streams.models import Stream
from projects.streams.retained import MOST_DAYS, Retention
from teams.events.actions import record
from teams.identity.models import Organization, User
from teams.identity.refused import Refused

# Those of some examples that a higher floor needs; filled when the apps are ready.
Keeper = Callable[[Organization, Sequence[int]], set[int]]
_keepers: dict[str, Keeper] = {}

LOOKED_AT = 50_000
# The oldest of a stream, whatever their number: a preview must not read twenty million rows.
OLDEST = """
SELECT count(*), count(*) FILTER (WHERE label_state = 'none' AND ingested_at < %(before)s) FROM (
    SELECT label_state, ingested_at FROM projects_example
    WHERE organization_id = %(organization)s AND stream_id = %(stream)s ORDER BY id LIMIT %(most)s
) oldest
"""


def hold_examples() -> None:
    """Nothing expires until this transaction ends. It takes no snapshot of the database, so it may come before one."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE projects_retention IN ROW SHARE MODE")


def let_go() -> None:
    """Be the one that lets examples expire. Raises OperationalError while somebody else is, or holds them."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE projects_retention IN EXCLUSIVE MODE NOWAIT")


def register_keeper(name: str, keeper: Keeper) -> None:
    """Let a room say which examples it needs; called when an app is ready."""
    _keepers[name] = keeper


def kept(organization: Organization, ids: Sequence[int]) -> set[int]:
    """Those of some examples that somebody needs."""
    found: set[int] = set()
    for keeper in _keepers.values():
        if left := [pk for pk in ids if pk not in found]:
            found |= keeper(organization, left)
    return found


@transaction.atomic
def set_retention(*, stream: Stream, days: int | None, by: User | None) -> None:
    """Let examples that nobody needs expire so many days after they came; None: keep everything.

    Raises Refused (422) for days that make no sense. Counts of what has expired stay.
    """
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Refused(_("Say a number of days from 1 to %(most)s.") % {"most": MOST_DAYS}, "invalid", 422)
    organization = stream.organization
    row = organization.retentions.select_for_update().filter(stream=stream).first()
    before = row.days if row else None
    if before == days:
        return
    if days is None:
        organization.retentions.filter(stream=stream).delete()
    else:  # from the beginning: what was too young in this round may be old enough now
        values = {"days": days, "at_id": 0, "look_at": timezone.now()}
        organization.retentions.update_or_create(stream=stream, defaults=values)
    record(
        "stream.retention_changed", organization=organization, subject=stream, by=by, days=days, before=before
    )


def days_of(stream: Stream) -> int | None:
    """How many days a stream keeps what nobody needs; None: for ever."""
    row: Retention | None = stream.organization.retentions.filter(stream=stream).first()
    return row.days if row else None


def expired_so_far(stream: Stream) -> int:
    """How many examples have expired."""
    return int(stream.organization.expired_counts.filter(stream=stream).aggregate(n=Sum("n"))["n"] or 0)


class Preview(NamedTuple):
    """Of the `looked_at` oldest examples, so many are old enough and have no label. Some of them may be needed."""

    looked_at: int
    would_expire: int


def preview(stream: Stream, days: int, at: datetime | None = None) -> Preview:
    """What a policy would come to now, about."""
    values: dict[str, Any] = {
        "organization": stream.organization_id,
        "stream": stream.pk,
        "before": (at or timezone.now()) - timedelta(days=days),
        "most": LOOKED_AT,
    }
    with connection.cursor() as cursor:
        cursor.execute(OLDEST, values)
        return Preview(*cursor.fetchone())


def preview_sentence(stream: Stream, days: int) -> str:
    """What a policy would come to now, for people."""
    found = preview(stream, days)
    words = _(
        "At %(days)d days about %(n)d of the oldest %(all)d examples would expire now, "
        "less what tasks or snapshots need."
    )
    return words % {"days": days, "n": found.would_expire, "all": found.looked_at}
