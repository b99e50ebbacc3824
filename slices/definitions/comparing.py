"""Two slices side by side, as of one moment: who is only in the one, only in the other, in both, and their labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from projects.conditions.counting import PREVIEW_MS, bounded
from projects.streams.models import Example
from slices.definitions.looking import SHARE, Seen, fetch, in_time, newest_of, share_of, with_answer
from slices.definitions.members import NONE, Values, members
from slices.definitions.models import SliceVersion
from teams.identity.refused import Refused

PARTS = ("only_a", "both", "only_b")


class Side(NamedTuple):
    """One of the two; `values` are those of a family's child."""

    version: SliceVersion
    values: Values = NONE


class Part(NamedTuple):
    """How many, and how often each label is among them, "" for none."""

    n: int
    labels: list[Seen]


class Comparison(NamedTuple):
    """The three parts; `relabeled` are in both with another label in each. Not `exact`: reckoned from a share."""

    only_a: Part
    both: Part
    only_b: Part
    relabeled: int
    exact: bool


COMPARE = """
WITH a AS MATERIALIZED ({a}), b AS MATERIALIZED ({b})
SELECT CASE WHEN b.id IS NULL THEN 'only_a' WHEN a.id IS NULL THEN 'only_b' ELSE 'both' END,
    coalesce(CASE WHEN a.id IS NULL THEN b.answer_label ELSE a.answer_label END, ''), count(*),
    count(*) FILTER (WHERE a.id = b.id AND a.answer_label IS DISTINCT FROM b.answer_label)
FROM a FULL JOIN b ON b.id = a.id GROUP BY 1, 2 ORDER BY 3 DESC, 2
"""


def compare(a: Side, b: Side, as_of: datetime) -> Comparison:
    """The three parts by one statement. Raises Refused: `other_stream`, `needs_values`, `too_slow`."""
    check_sides(a, b)

    def ask(one_in: int) -> list[tuple[Any, ...]]:
        return fetch(COMPARE, {name: answers(side, as_of, one_in) for name, side in (("a", a), ("b", b))}, [])

    found, exact = in_time(ask)
    scale = 1 if exact else SHARE
    parts: dict[str, list[Seen]] = {name: [] for name in PARTS}
    relabeled = 0
    for name, label, n, differ in found:
        parts[name].append(Seen(label, n * scale))
        relabeled += differ * scale
    only_a, both, only_b = (Part(sum(one.n for one in parts[name]), parts[name]) for name in PARTS)
    return Comparison(only_a, both, only_b, relabeled, exact)


def answers(side: Side, as_of: datetime, one_in: int) -> QuerySet[Any]:
    """(id, label) of the members of one side."""
    return share_of(with_answer(side.version, as_of, side.values), one_in).values("id", "answer_label")


def first_examples(a: Side, b: Side, as_of: datetime, part: str, limit: int = 12) -> list[Example]:
    """The newest examples of one part, by one statement. Raises Refused as `compare` does."""
    check_sides(a, b)
    one, other = (b, a) if part == "only_b" else (a, b)
    there = Exists(members(other.version, as_of, other.values).filter(pk=OuterRef("pk")))
    rows = members(one.version, as_of, one.values).filter(there if part == "both" else ~there)
    with bounded(PREVIEW_MS):
        return list(newest_of(rows, limit))


def check_sides(a: Side, b: Side) -> None:
    """Only slices of one stream have members in common; of families, it is children that have members."""
    if a.version.slice.stream_id != b.version.slice.stream_id:
        raise Refused(_("These slices are of different streams."), "other_stream", 422)
    if any(set(side.values) != set(side.version.params) for side in (a, b)):
        raise Refused(_("This is a family: compare one of its children."), "needs_values", 422)
