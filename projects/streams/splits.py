"""Which examples a model may learn from: a bucket of the group key, and cuts."""

from __future__ import annotations

import hashlib
from typing import Literal

from projects.streams.models import SplitPolicy, Stream
from teams.access.asked import Asked, columns, instances

Split = Literal["test", "val", "train"]
SEPARATOR = b"\x1f"
POLICIES = Asked(
    lambda organization, stream: (
        SplitPolicy.objects.filter(organization=organization, stream=stream)
        .order_by("version")
        .values_list(*columns(SplitPolicy))
    ),
    -1,
    -2,
)


class Buckets:
    """`bucket_of` for many keys under one salt."""

    def __init__(self, salt: str) -> None:
        self.salted = salt.encode() + SEPARATOR

    def of(self, group_key: str) -> int:
        """The bucket of a key."""
        digest = hashlib.sha256(self.salted + group_key.encode()).digest()
        return int.from_bytes(digest[:8], "big") % SplitPolicy.BUCKETS


def bucket_of(salt: str, group_key: str) -> int:
    """0 to 9,999: the first eight bytes of SHA-256 over salt, unit separator and key, big-endian, modulo 10,000."""
    return Buckets(salt).of(group_key)


class Cuts(dict[str, tuple[int, int]]):
    """The bucket range [low, high) of each split under a policy.

    Stored buckets are of the salt of the stream's first policy. Under a policy with a salt of its own the bucket is
    that of the group under the new one, unless the stored one is not what the hash says: who was assigned stays.
    """

    def __init__(self, policy: SplitPolicy | None, first: SplitPolicy | None = None) -> None:
        test, val = (policy.test_until, policy.val_until) if policy else (0, 0)
        super().__init__(test=(0, test), val=(test, val), train=(val, SplitPolicy.BUCKETS))
        self.salt = policy.salt if policy else ""
        self.stored_by = first.salt if first else self.salt

    @property
    def are_stored(self) -> bool:
        """Whether the stored bucket is the bucket."""
        return self.salt == self.stored_by

    def bucket(self, stored: int, split_key: str) -> int:
        """The bucket of an example under this policy."""
        if self.are_stored or stored != bucket_of(self.stored_by, split_key):
            return stored
        return bucket_of(self.salt, split_key)

    def split_of(self, stored: int, split_key: str) -> Split:
        """Where an example is."""
        bucket = self.bucket(stored, split_key)
        if bucket < self["test"][1]:
            return "test"
        return "val" if bucket < self["val"][1] else "train"


def cuts_of(stream: Stream) -> Cuts:
    """The cuts of the stream's newest split policy; without one everything is for training."""
    rows = POLICIES.rows(stream.organization_id, stream.pk)
    policies = [policy for row in rows for policy in instances(row, SplitPolicy)]
    return Cuts(policies[-1], policies[0]) if policies else Cuts(None)
