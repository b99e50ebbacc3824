"""Which examples a model may learn from: a bucket of the group key, and cuts."""

from __future__ import annotations

import hashlib
from typing import Literal

from projects.streams.models import SplitPolicy

Split = Literal["test", "val", "train"]
Cuts = dict[str, tuple[int, int]]
SEPARATOR = b"\x1f"


def bucket_of(salt: str, group_key: str) -> int:
    """0 to 9,999: the first eight bytes of SHA-256 over salt, unit separator and key, big-endian, modulo 10,000."""
    digest = hashlib.sha256(salt.encode() + SEPARATOR + group_key.encode()).digest()
    return int.from_bytes(digest[:8], "big") % SplitPolicy.BUCKETS


def split_of(bucket: int, policy: SplitPolicy) -> Split:
    """Where a bucket falls under a policy's cuts: [0, test_until) test, [test_until, val_until) val, else train."""
    if bucket < policy.test_until:
        return "test"
    return "val" if bucket < policy.val_until else "train"


def cuts(policy: SplitPolicy) -> Cuts:
    """The bucket range [low, high) of each split."""
    test, val = policy.test_until, policy.val_until
    return {"test": (0, test), "val": (test, val), "train": (val, SplitPolicy.BUCKETS)}
