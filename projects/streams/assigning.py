"""Which bucket an arriving example gets: that of its group's hash, unless it comes with a split of its own.

Imports keep their assignment. An example never moves between splits, and neither does a group: where a stream splits
by an attribute, one row with a split settles it for every later row of its group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import F

from projects.streams.models import Stream
from projects.streams.rows import Bad, RowIn
from projects.streams.splits import bucket_of, cuts_of
from teams.access.problems import FieldError

# Batches that bring splits wait for each other and for plain ones, so that what they found is still so when they
# write; plain ones wait for nobody but them.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"


class Splits:
    """The splits of a stream, as far as one batch needs them."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.cuts = cuts_of(stream)
        self.known: dict[str, int] = {}  # bucket of an example that is here
        self.groups: dict[str, int] = {}  # bucket of a group that somebody settled
        self.fresh: dict[str, int] = {}  # groups settled by this batch, against their hash

    def look_up(self, rows: Sequence[RowIn | Bad]) -> None:
        """What is settled already of the examples and groups of a batch."""
        told = [row for row in rows if isinstance(row, RowIn) and row.split is not None]
        with connection.cursor() as cursor:
            cursor.execute(LOCK if told else LOCK_SHARED, [f"splits:{self.stream.pk}"])
        if told:
            keys = [row.key for row in told]
            self.known = dict(self.examples().filter(key__in=keys).values_list("key", "bucket"))
        if self.stream.split_by:
            if told:
                self.groups |= self.met(self.split_keys(told))
            self.groups |= self.assigned(self.split_keys(rows))

    def examples(self) -> Any:
        """The examples of the stream."""
        return self.stream.organization.examples.filter(stream=self.stream)

    def split_keys(self, rows: Sequence[RowIn | Bad]) -> list[str]:
        """The groups of rows; a row whose group is no text is refused elsewhere."""
        name = self.stream.split_by
        given = (row.attributes.get(name) for row in rows if isinstance(row, RowIn))
        return sorted({value for value in given if isinstance(value, str)})

    def met(self, split_keys: list[str]) -> dict[str, int]:
        """The buckets of groups that have examples; the index holds no group that is named like its example."""
        many = self.examples().filter(split_key__in=split_keys).exclude(split_key=F("key"))
        alone = self.examples().filter(key__in=split_keys, split_key=F("key"))
        return dict(many.values_list("split_key", "bucket")) | dict(alone.values_list("split_key", "bucket"))

    def assigned(self, split_keys: list[str]) -> dict[str, int]:
        """The groups that imports have put elsewhere."""
        rows = self.stream.organization.split_assignments.filter(stream=self.stream)
        return dict(rows.filter(split_key__in=split_keys).values_list("split_key", "bucket"))

    def refusal(self, row: RowIn, split_key: str) -> list[FieldError]:
        """Why a row cannot go where it says. One that can settles where its group goes."""
        held = self.held(row, split_key)
        if row.split is not None and held is not None:
            if (there := self.cuts.split_of(held, split_key)) != row.split:
                who = "This example" if row.key in self.known else "The group of this example"
                return [
                    FieldError("/split", "split_conflict", f"{who} is in {there} already, and stays there.")
                ]
        elif row.split is not None and not self.has_room(row.split):
            detail = f"The cuts of this stream leave no room for {row.split}."
            return [FieldError("/split", "empty_split", detail)]
        if self.stream.split_by and held is None:
            self.settle(split_key, self.bucket(row, split_key))
        return []

    def has_room(self, split: str) -> bool:
        """Whether any bucket is in a split."""
        low, high = self.cuts[split]
        return low < high

    def settle(self, split_key: str, bucket: int) -> None:
        """From here on this is where the group is; only what its hash does not say needs to be kept."""
        self.groups[split_key] = bucket
        if bucket != bucket_of(self.cuts.stored_by, split_key):
            self.fresh[split_key] = bucket

    def held(self, row: RowIn, split_key: str) -> int | None:
        """The bucket that is settled for a row."""
        return self.known.get(row.key, self.groups.get(split_key) if self.stream.split_by else None)

    def bucket(self, row: RowIn, split_key: str) -> int:
        """The bucket of a row that was not refused."""
        held = self.held(row, split_key)
        if held is not None:
            return held
        hashed = bucket_of(self.cuts.stored_by, split_key)
        if row.split is None or self.cuts.split_of(hashed, split_key) == row.split:
            return hashed
        return self.assigned_bucket(row.split, hashed)

    def assigned_bucket(self, split: str, hashed: int) -> int:
        """A bucket in a split that is not the hash's, for by that one knows who was assigned."""
        low, high = self.cuts[split]
        bucket = low + hashed % (high - low)
        return bucket if bucket != hashed else low + (hashed + 1 - low) % (high - low)

    def keep(self) -> None:
        """Write down the groups that this batch has put elsewhere."""
        if self.fresh:
            rows = self.stream.organization.split_assignments
            rows.bulk_create(
                rows.model(
                    organization_id=self.stream.organization_id,
                    stream=self.stream,
                    split_key=key,
                    bucket=bucket,
                )
                for key, bucket in sorted(self.fresh.items())
            )
