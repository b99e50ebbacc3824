"""What a check of declarations remembers of examples, the first keys that contradict, goes with them."""

from __future__ import annotations

from projects.streams.contradictions import sentence_of
from projects.streams.models import FieldWork
from teams.work.erasing import Doomed


def forget_keys(doomed: Doomed) -> int:
    """Take the keys of erased examples out of what was found; the counts stay. Returns how many keys went."""
    gone = 0
    for work in doomed.organization.field_works.exclude(found={}):
        keys = forget_in(work, doomed)
        if keys:
            work.refusal = sentence_of(work.found, work.seen) if work.refusal else ""
            work.save(update_fields=["found", "refusal"])
            gone += keys
    return gone


def forget_in(work: FieldWork, doomed: Doomed) -> int:
    """The same of one work, which is not saved."""
    gone = 0
    for one in work.found.values():
        kept = [key for key in one["keys"] if not doomed.holds(work.stream_id, key)]
        gone += len(one["keys"]) - len(kept)
        one["keys"] = kept
    return gone
