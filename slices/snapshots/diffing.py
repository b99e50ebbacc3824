"""Two snapshots of one stream: who came, who went and why, whose label or data changed, by their manifests.

Both are read side by side in order of example, so that memory stays flat. The manifests never change, nor does what
they say of each other; why somebody went is asked of the data as they are now, as of the second snapshot's moment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from django.utils.translation import gettext as _

from projects.conditions import ConditionError
from projects.conditions.counting import PREVIEW_MS, bounded
from slices.definitions.members import steps
from slices.definitions.relating import Change, change
from slices.snapshots.grades import check_here
from slices.snapshots.manifest import BATCH, EXAMPLE, Member, read
from slices.snapshots.models import Snapshot
from teams.identity.refused import Refused

KINDS = ("added", "removed", "relabeled", "changed")
MOST = 500_000  # members of both together that are read while somebody waits
WHY_MOST = 20_000  # members that went whose reasons are asked for
REASONS = ("erased", "window", "condition", "labels", "other", "untold")
ASKED = ("window", "condition", "labels")  # the steps that each member passes or not by itself

ERASED = "\x00"  # no label is written so

Labels = dict[int, str]


class Pair(NamedTuple):
    """One example in the first snapshot and in the second; it is in one of them at least."""

    example_id: int
    before: Member | None
    after: Member | None

    def kinds(self) -> list[str]:
        """What became of it; nothing for one that is the same in both."""
        if self.before is None or self.after is None:
            return ["added" if self.before is None else "removed"]
        is_of = {
            "relabeled": self.before.annotation_id != self.after.annotation_id,
            "changed": self.before.example_rev != self.after.example_rev,
            "split_changed": self.before.split != self.after.split,
        }
        return [kind for kind, holds in is_of.items() if holds]


class Diff(NamedTuple):
    """`counts` by kind, `same` among them; `reasons` of those that went, each that holds for some.

    `relabelings` is {(label before, label after): n}, None for no label; those of erased examples are in `erased`.
    """

    counts: dict[str, int]
    reasons: dict[str, int]
    relabelings: dict[tuple[str | None, str | None], int]
    erased: int
    definition: Change | None


def diff(a: Snapshot, b: Snapshot) -> Diff:
    """Everything about two snapshots but whom it is about. Raises Refused: `expired`, `other_stream`, `too_large`."""
    check_two(a, b)
    counts: Counter[str] = Counter()
    relabelings: Counter[tuple[str | None, str | None]] = Counter()
    gone: list[int] = []
    erased = 0
    for pairs in differing(a, b):
        kinds = [pair.kinds() for pair in pairs]
        counts.update(kind for some in kinds for kind in some)
        counts["unlike"] += sum(pair.before is not None and pair.after is not None for pair in pairs)
        gone += [pair.example_id for pair in pairs if pair.after is None][: WHY_MOST - len(gone)]
        moved = [pair for pair, some in zip(pairs, kinds, strict=True) if "relabeled" in some]
        told = moves(b, moved)
        relabelings.update(told)
        erased += len(moved) - len(told)
    reasons = why_gone(b, gone)
    reasons["untold"] += counts["removed"] - len(gone)
    counts["same"] = a.n_total - counts["removed"] - counts["unlike"]
    return Diff(
        {kind: counts[kind] for kind in (*KINDS, "split_changed", "same")},
        {name: reasons[name] for name in REASONS if reasons[name]},
        dict(sorted(relabelings.items(), key=lambda row: (-row[1], str(row[0])))),
        erased,
        changed_meaning(a, b),
    )


def members_of_kind(a: Snapshot, b: Snapshot, kind: str, after: int, limit: int) -> list[Pair]:
    """The first of one kind after an example. Raises Refused as `diff` does."""
    check_two(a, b)
    found = (pair for pairs in differing(a, b, after) for pair in pairs if kind in pair.kinds())
    return list(islice(found, limit))


def check_two(a: Snapshot, b: Snapshot) -> None:
    """Whether there is anything to read, and not too much of it."""
    if a.slice_version.slice.stream_id != b.slice_version.slice.stream_id:
        raise Refused(_("These snapshots are of different streams."), "other_stream", 422)
    for snapshot in (a, b):
        check_here(snapshot)
    if a.n_total + b.n_total > MOST:
        sentence = _("Together these have more than %(most)s members: compare their manifests instead.")
        raise Refused(sentence % {"most": f"{MOST:,}"}, "too_large", 422)


def differing(a: Snapshot, b: Snapshot, after: int = 0) -> Iterator[list[Pair]]:
    """Those that are not the same in both, some at a time, in order of example; equal manifests are not read."""
    return iter(()) if a.manifest_sha256 == b.manifest_sha256 else merged(read(a, after), read(b, after))


def merged(left: Iterator[list[Member]], right: Iterator[list[Member]]) -> Iterator[list[Pair]]:
    """What differs between two readings in order of example, however each is cut into batches."""
    ours, theirs = following(left), following(right)
    while ours or theirs:
        until = min(batch[-1].example_id for batch in (ours, theirs) if batch)
        one, ours = cut(ours, until)
        other, theirs = cut(theirs, until)
        yield unlike(one, other)
        ours, theirs = ours or following(left), theirs or following(right)


def following(batches: Iterator[list[Member]]) -> list[Member]:
    """The next batch that holds anybody; an empty one at the end."""
    return next((batch for batch in batches if batch), [])


def cut(batch: list[Member], until: int) -> tuple[list[Member], list[Member]]:
    """A batch up to an example, and the rest of it."""
    at = bisect_right(batch, until, key=EXAMPLE)
    return batch[:at], batch[at:]


def unlike(one: list[Member], other: list[Member]) -> list[Pair]:
    """Two parts of manifests that begin and end together: who is not the same in both."""
    before = {member.example_id: member for member in set(one).difference(other)}
    after = {member.example_id: member for member in set(other).difference(one)}
    return [Pair(pk, before.get(pk), after.get(pk)) for pk in sorted(before.keys() | after.keys())]


def moves(snapshot: Snapshot, pairs: Sequence[Pair]) -> list[tuple[str | None, str | None]]:
    """(label before, label after) of each pair whose answers are there still; those of erased examples are not."""
    labels = labels_in(snapshot, pairs)
    told = [tuple(label_of(member, labels) for member in (pair.before, pair.after)) for pair in pairs]
    return [(before, after) for before, after in told if ERASED not in (before, after)]


def labels_in(snapshot: Snapshot, pairs: Sequence[Pair]) -> Labels:
    """The labels of all answers that some pairs have, by answer; an answer never changes."""
    both = [member for pair in pairs for member in (pair.before, pair.after) if member]
    wanted = [member.annotation_id for member in both if member.annotation_id is not None]
    if not wanted:
        return {}
    return dict(snapshot.organization.annotations.filter(pk__in=wanted).values_list("pk", "label"))


def label_of(member: Member | None, labels: Labels) -> str | None:
    """The label of a member, None for none; ERASED where the answer is gone."""
    if member is None or member.annotation_id is None:
        return None
    return labels.get(member.annotation_id, ERASED)


def why_gone(b: Snapshot, example_ids: Sequence[int]) -> Counter[str]:
    """Why examples are not in a snapshot, by the first reason that holds; `untold` where asking takes too long."""
    reasons: Counter[str] = Counter()
    for at in range(0, len(example_ids), BATCH):
        reasons.update(step_of(b, example_ids[at : at + BATCH]).values())
    return reasons


def step_of(b: Snapshot, example_ids: Collection[int]) -> dict[int, str]:
    """By example the step at which it is left out, of the steps that each passes or not by itself."""
    tombstones = b.organization.tombstones.filter(example_id__in=example_ids)
    found = dict.fromkeys(tombstones.values_list("example_id", flat=True), "erased")
    left, rest = set(example_ids) - set(found), "other"
    try:
        with bounded(PREVIEW_MS):
            for name, rows in steps(b.slice_version, b.as_of, b.params) if left else ():
                if name not in ASKED:
                    break
                here = set(rows.filter(pk__in=left).values_list("pk", flat=True))
                found |= dict.fromkeys(left - here, name)
                left = here
    except (Refused, ConditionError):
        rest = "untold"
    return found | dict.fromkeys(left, rest)


def changed_meaning(a: Snapshot, b: Snapshot) -> Change | None:
    """What the definition of the second takes that the first did not, and the other way round; None for the same."""
    if a.slice_version_id == b.slice_version_id:
        return None
    return change(b.slice_version, a.slice_version)
