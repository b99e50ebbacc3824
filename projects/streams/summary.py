"""The columns of an example that conditions read: its label, and what the newest prediction says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from teams.identity.models import Organization


class LabelSummary(msgspec.Struct, frozen=True):
    """What an example's label is from now on. `state` is a LabelState; label and time are None without one."""

    example_id: int
    label: str | None
    state: str
    labeled_at: datetime | None = None


# Locked in the order of keys, as arriving batches lock them, or two of both could wait for each other in a circle;
# and by a statement of its own: the next one then sees what the others committed meanwhile.
LOCK = """
SELECT id FROM projects_example
WHERE organization_id = %(organization)s AND id = ANY(%(ids)s)
ORDER BY key COLLATE "C" FOR NO KEY UPDATE
"""
PREDICTED = """
UPDATE projects_example AS example SET predicted = newest.label, confidence = newest.confidence
FROM (
    SELECT DISTINCT ON (example_id) example_id, label, confidence FROM projects_prediction
    WHERE organization_id = %(organization)s AND example_id = ANY(%(ids)s)
    ORDER BY example_id, at DESC, id DESC
) AS newest
WHERE example.organization_id = %(organization)s AND example.id = newest.example_id
    AND (example.predicted, example.confidence) IS DISTINCT FROM (newest.label, newest.confidence)
"""
LABELED = """
UPDATE projects_example AS example
SET label = given.label, label_state = given.state, labeled_at = given.labeled_at
FROM jsonb_to_recordset(%(labels)s)
    AS given (example_id bigint, label text, state text, labeled_at timestamptz)
WHERE example.organization_id = %(organization)s AND example.id = given.example_id
    AND (example.label, example.label_state, example.labeled_at)
        IS DISTINCT FROM (given.label, given.state, given.labeled_at)
"""


def lock(organization: Organization, example_ids: Sequence[int]) -> None:
    """Keep everybody else's hands off these examples' labels until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"organization": organization.pk, "ids": list(example_ids)})


@transaction.atomic(savepoint=False)
def summarize(
    *, organization: Organization, example_ids: Sequence[int] = (), labels: Iterable[LabelSummary] = ()
) -> int:
    """Bring the summary up to date: the newest prediction of `example_ids`, and the `labels` given.

    The only writer of Example.label, label_state, labeled_at, predicted and confidence. Returns how many rows
    changed; doing it again changes none.
    """
    given = list(labels)
    values: dict[str, Any] = {
        "organization": organization.pk,
        "ids": sorted({*example_ids, *(row.example_id for row in given)}),
    }
    if not values["ids"]:
        return 0
    changed = 0
    if (
        example_ids or len(values["ids"]) > 1
    ):  # one row is locked by its update, which sees what others committed
        lock(organization, values["ids"])
    with connection.cursor() as cursor:
        if example_ids:
            cursor.execute(PREDICTED, {**values, "ids": list(example_ids)})
            changed += cursor.rowcount
        if given:
            cursor.execute(LABELED, {**values, "labels": msgspec.json.encode(given).decode()})
            changed += cursor.rowcount
    return changed
