"""Dividing a stream into train, val and test otherwise: what models learnt from never becomes what they are tested on.

Under one salt test and val may only shrink: what leaves them goes test -> val -> train. Anything else divides anew, by
another salt, and models of before and after cannot be compared. Groups may be put into a split by name before
anything of them has arrived: stores that are only ever tested on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from projects.streams.assigning import LOCK, Splits
from projects.streams.models import SplitPolicy, Stream
from projects.streams.splits import bucket_of, cuts_of
from teams.events.actions import record
from teams.identity.models import User
from teams.identity.refused import Refused

LOOKED_AT = 20_000  # examples, the newest
FEW = 50  # groups; with fewer the shares come out as luck will have it
MOST_GROUPS = 10_000
MAX_SALT = 80


class Oddity(NamedTuple):
    """Something about the splits that a person should know."""

    code: str
    detail: str


@transaction.atomic
def change_split(
    *, stream: Stream, test_until: int, val_until: int, anew: bool = False, by: User | None
) -> SplitPolicy:
    """The next split policy; the same cuts make none. Raises Refused: `split_grows` unless divided `anew`."""
    hold(stream)
    policies = list(stream.split_policies.order_by("version"))
    latest = policies[-1]
    check_cuts(latest, test_until, val_until, anew)
    if not anew and (test_until, val_until) == (latest.test_until, latest.val_until):
        return latest
    number = latest.version + 1
    made = stream.organization.split_policies.create(
        stream=stream,
        version=number,
        salt=salt_of(policies, number) if anew else latest.salt,
        test_until=test_until,
        val_until=val_until,
    )
    facts = {"version": number, "test_until": test_until, "val_until": val_until, "anew": anew}
    record("stream.split_changed", organization=stream.organization, subject=stream, by=by, **facts)
    return made


def check_cuts(latest: SplitPolicy, test_until: int, val_until: int, anew: bool) -> None:
    """Cuts are in order, and only shrink under one salt. Raises Refused (422)."""
    if not 0 <= test_until <= val_until <= SplitPolicy.BUCKETS:
        sentence = _("The cuts must be in order: 0, test, val, %(all)s.") % {"all": SplitPolicy.BUCKETS}
        raise Refused(sentence, "invalid", 422)
    if not anew and (test_until > latest.test_until or val_until > latest.val_until):
        sentence = _(
            "Test and val may only shrink: models would be tested on what earlier ones learnt from. "
            "Divide the stream anew to do this; models of before and after cannot be compared then."
        )
        raise Refused(sentence, "split_grows", 422)


def policy_of(stream: Stream) -> SplitPolicy:
    """The policy by which a stream is divided now."""
    latest: SplitPolicy = stream.split_policies.order_by("-version")[0]
    return latest


def hold(stream: Stream) -> None:
    """Nothing arrives while a stream is divided."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f"splits:{stream.pk}"])


def salt_of(policies: Sequence[SplitPolicy], number: int) -> str:
    """A salt that the stream has not had; streams of a project that are divided anew together share it again."""
    base = re.sub(r":\d+\Z", "", policies[0].salt)[: MAX_SALT - 12]
    used = {policy.salt for policy in policies}
    while f"{base}:{number}" in used:
        number += 1
    return f"{base}:{number}"


def comparable(one: SplitPolicy, other: SplitPolicy) -> bool:
    """Whether models that were tested under these can be compared."""
    return one.salt == other.salt


@transaction.atomic
def assign_groups(*, stream: Stream, split: str, groups: Sequence[str], by: User | None) -> int:
    """Put groups into a split for ever, by name; how many were not there already.

    Raises Refused where one of them has arrived and is in another split: no example moves.
    """
    if not stream.split_by:
        raise Refused(
            _("This stream does not keep groups together: each example is alone."), "no_groups", 422
        )
    if len(groups) > MOST_GROUPS:
        raise Refused(_("At most %(n)s groups at once.") % {"n": MOST_GROUPS}, "too_many", 422)
    hold(stream)
    splits, cuts = Splits(stream), cuts_of(stream)
    wanted = sorted(set(groups))
    if not splits.has_room(split):
        raise Refused(
            _("The cuts of this stream leave no room for %(split)s.") % {"split": split}, "empty_split", 422
        )
    known = splits.assigned(wanted)
    there = splits.met(wanted) | known
    elsewhere = [key for key in wanted if key in there and cuts.split_of(there[key], key) != split]
    if elsewhere:
        given = {
            "name": elsewhere[0][:80],
            "n": len(elsewhere),
            "split": cuts.split_of(there[elsewhere[0]], elsewhere[0]),
        }
        sentence = _("“%(name)s” is in %(split)s already, and stays there (%(n)s such groups).")
        raise Refused(sentence % given, "split_conflict")
    fresh = [key for key in wanted if key not in known]
    rows = stream.organization.split_assignments
    rows.bulk_create(
        rows.model(
            organization=stream.organization,
            stream=stream,
            split_key=key,
            bucket=where(splits, split, key, there),
        )
        for key in fresh
    )
    if fresh:
        facts = {"split": split, "groups": len(fresh)}
        record("stream.groups_assigned", organization=stream.organization, subject=stream, by=by, **facts)
    return len(fresh)


def where(splits: Splits, split: str, key: str, there: dict[str, int]) -> int:
    """The bucket of a group that is put into a split: where it is, else the one that shrinking leaves for longest."""
    if key in there:
        return there[key]
    low, high = splits.cuts[split]
    last = high - 1 if split == "train" else low
    return (
        last
        if last != bucket_of(splits.cuts.stored_by, key) or high - low == 1
        else last + (1 if last == low else -1)
    )


def oddities(stream: Stream) -> list[Oddity]:
    """What to know before the splits of a stream are relied on."""
    cuts, odd = cuts_of(stream), []
    n = groups_of(stream)
    if 0 < n < FEW:
        detail = _(
            "Only %(n)s groups: the shares of the splits come out as luck will have it. "
            "Split by something finer, such as a day or a sequence, or assign groups by name."
        )
        odd.append(Oddity("few_groups", detail % {"n": n}))
    if cuts["test"][0] == cuts["test"][1]:
        odd.append(Oddity("no_test", _("Nothing is held out for tests.")))
    return odd


GROUPS = """
SELECT count(DISTINCT split_key) FROM (
    SELECT split_key FROM projects_example WHERE organization_id = %s AND stream_id = %s ORDER BY id DESC LIMIT %s
) newest
"""


def groups_of(stream: Stream) -> int:
    """How many groups there are among the newest examples."""
    with connection.cursor() as cursor:
        cursor.execute(GROUPS, [stream.organization_id, stream.pk, LOOKED_AT])
        return int(cursor.fetchone()[0])


def shares(policy: SplitPolicy) -> dict[str, Any]:
    """What of the buckets each split has, in percent."""
    test, val = policy.test_until, policy.val_until
    sizes = {"test": test, "val": val - test, "train": SplitPolicy.BUCKETS - val}
    return {name: 100 * n / SplitPolicy.BUCKETS for name, n in sizes.items()}


def shares_in_words(policy: SplitPolicy) -> str:
    """The same in one line, without what is empty: 10 % test, 90 % train."""
    return ", ".join(f"{share:g} % {name}" for name, share in shares(policy).items() if share)


def buckets_of(percent: float) -> int:
    """How many buckets a share in percent has."""
    return round(percent * SplitPolicy.BUCKETS / 100)
