"""Which snapshots hold an example: the members of every manifest once more, two bytes each, in blocks that an index
finds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection

from slices.snapshots.keeping import ManifestBlock
from slices.snapshots.manifest import Member
from slices.snapshots.models import Snapshot
from teams.identity.models import Organization

SIZE = 1 << 16
HALF = 1 << 15


class Writer:
    """Collects the members of a manifest, which come in order of example."""

    def __init__(self) -> None:
        self.blocks: dict[int, array[int]] = {}

    def add(self, members: Iterable[Member]) -> None:
        """The next members."""
        for member in members:
            block, low = divmod(member.example_id, SIZE)
            self.blocks.setdefault(block, array("h")).append(low - HALF)

    def save(self, organization: Organization, manifest_sha256: str) -> None:
        """Write them, unless an equal snapshot has: one block at a time, for as parameters its numbers are large."""
        for block, lows in self.blocks.items():
            row = ManifestBlock(manifest_sha256=manifest_sha256, block=block, lows=lows.tolist())
            row.organization = organization
            organization.manifest_blocks.bulk_create([row], ignore_conflicts=True)


# One example: a scan of the blocks that it may be in, found by their index.
HOLDING = """
SELECT snapshot.id FROM slices_manifestblock held
JOIN slices_snapshot snapshot
    ON snapshot.organization_id = %(organization)s AND snapshot.manifest_sha256 = held.manifest_sha256
WHERE held.organization_id = %(organization)s AND held.block = %(block)s
    AND CAST(%(low)s AS smallint) = ANY(held.lows)
"""
# Many: the blocks are taken apart once, whatever the number of examples.
HOLDING_ANY = """
SELECT snapshot.id, member.id FROM (
    SELECT held.manifest_sha256, held.block * 65536 + low + 32768 AS id
    FROM slices_manifestblock held, unnest(held.lows) low
    WHERE held.organization_id = %(organization)s AND held.block = ANY(%(blocks)s)
) member
JOIN unnest(%(ids)s::bigint[]) AS asked (id) ON asked.id = member.id
JOIN slices_snapshot snapshot
    ON snapshot.organization_id = %(organization)s AND snapshot.manifest_sha256 = member.manifest_sha256
"""
# As soon as a snapshot's files are gone, it needs its members no more.
HELD = f"""
SELECT DISTINCT member.id FROM ({HOLDING_ANY}) AS member (snapshot, id)
LEFT JOIN slices_keeping keeping
    ON keeping.organization_id = %(organization)s AND keeping.snapshot_id = member.snapshot
WHERE keeping.expired_at IS NULL
"""  # noqa: S608 - our own text


def snapshots_with(organization: Organization, example_id: int) -> list[int]:
    """The numbers of the snapshots that an example is, or was, a member of, newest first."""
    block, low = divmod(example_id, SIZE)
    values: dict[str, Any] = {"organization": organization.pk, "block": block, "low": low - HALF}
    with connection.cursor() as cursor:
        cursor.execute(HOLDING, values)
        return sorted((pk for (pk,) in cursor.fetchall()), reverse=True)


def memberships(organization: Organization, example_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(snapshot, example) for every membership of some examples."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDING_ANY, asked(organization, example_ids))
        yield from cursor.fetchall()


def held_by_snapshots(organization: Organization, example_ids: Sequence[int]) -> set[int]:
    """Those of some examples that are in a snapshot whose files are kept, for whatever reason."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, asked(organization, example_ids))
        return {pk for (pk,) in cursor.fetchall()}


def asked(organization: Organization, example_ids: Sequence[int]) -> dict[str, Any]:
    """What the statements over many examples ask for."""
    blocks = sorted({example_id // SIZE for example_id in example_ids})
    return {"organization": organization.pk, "ids": list(example_ids), "blocks": blocks}


def index(snapshot: Snapshot, batches: Iterable[Sequence[Member]]) -> None:
    """Write the blocks of a snapshot that was frozen before there were any."""
    writer = Writer()
    for batch in batches:
        writer.add(batch)
    writer.save(snapshot.organization, snapshot.manifest_sha256)
