"""What a change of a family's template would do to its children, before it is saved: who appears, goes, grows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from projects.conditions.counting import PREVIEW_MS, bounded
from slices.definitions.actions import Definition, current, draft
from slices.definitions.meaning import condition_of
from slices.definitions.members import steps
from slices.definitions.models import SliceVersion
from slices.definitions.routing import key_of
from slices.families.meeting import name_of
from slices.families.models import Family
from teams.identity.refused import Refused

PERCENT = 20  # more than this share of what a child has is much
LARGEST = 50

Sizes = dict[str, tuple[dict[str, Any], int]]  # {key: (values, members)}


class Change(NamedTuple):
    """One child: how many members it has, and how many it would have."""

    name: str
    values: dict[str, Any]
    before: int
    after: int

    @property
    def kind(self) -> str:
        """appears, goes, changes, or stays as it is."""
        if not self.before:
            return "appears"
        if not self.after:
            return "goes"
        return "changes" if self.before != self.after else "stays"

    @property
    def is_much(self) -> bool:
        """A child that stays, and has more than a fifth more or fewer."""
        return self.kind == "changes" and 100 * abs(self.after - self.before) > PERCENT * self.before


class Effect(NamedTuple):
    """What a change would do; `largest` are the children that differ most. `is_new`: it would be another version."""

    is_new: bool
    before: int
    after: int
    children: int
    appear: int
    go: int
    much: int
    largest: list[Change]

    @property
    def sentence(self) -> str:
        """In one line, for people."""
        if not self.largest:
            return _("No child would change.")
        changing = ngettext(
            "%(n)s child changes by more than %(percent)s %%",
            "%(n)s children change by more than %(percent)s %%",
            self.much,
        )
        parts = [changing % {"n": self.much, "percent": PERCENT}]
        parts.append(ngettext("%(n)s appears", "%(n)s appear", self.appear) % {"n": self.appear})
        parts.append(ngettext("%(n)s goes", "%(n)s go", self.go) % {"n": self.go})
        return ", ".join(parts) + "."


def preview(family: Family, definition: Definition, as_of: datetime) -> Effect:
    """Hold the children under a definition against those under the present one; nothing is saved.

    Raises ConditionError, Wrong or Refused as saving it would, and Refused (`other_params`, `too_slow`).
    """
    now = current(family.slice)
    then = draft(family.slice.stream, definition, family.slice)
    if set(then.params) != set(now.params):
        sentence = _("The children would be other ones: the parameters of a family stay what they are.")
        raise Refused(sentence, "other_params", 422)
    with bounded(PREVIEW_MS):
        before, after = sizes(now, as_of), sizes(then, as_of)
    return effect_of(before, after, is_new=now.definition_hash != then.definition_hash)


def sizes(version: SliceVersion, as_of: datetime) -> Sizes:
    """The members of every child of a template, by one GROUP BY; those without a value are of no child.

    Raises Refused (`not_together`) where a child draws by lot or keeps a limit: that is reckoned child by child.
    """
    grouped = condition_of(version).grouped()
    if grouped is None or needs_each(version):
        sentence = _(
            "Doubles, draws and limits are reckoned child by child; this cannot be shown for all at once."
        )
        raise Refused(sentence, "not_together", 422)
    fields, rest = grouped
    # The same steps of narrowing as every member takes, without the part that picks one child.
    whole = SliceVersion(**{name: getattr(version, name) for name in KEPT}, condition=rest.json, params={})
    *_before, (_name, rows) = steps(whole, as_of)
    values: Mapping[str, Any] = {f"value_{param}": rest.expression(field) for param, field in fields.items()}
    found: Sizes = {}
    counted: Any = rows.order_by().values(**values).annotate(n=Count("pk"))
    for row in counted:
        picked = {param: row[f"value_{param}"] for param in fields}
        key = key_of(picked)
        if key is not None:
            found[key] = (picked, row["n"])
    return found


KEPT = (
    "organization",
    "slice",
    "window",
    "labels",
    "queues",
    "splits",
    "random_only",
    "temporal_holdout",
    "sample",
)


def needs_each(version: SliceVersion) -> bool:
    """Whether who is in a child depends on who else is in it."""
    draws = version.sample is not None and version.sample["kind"] != "hash_percent"
    return draws or version.dedupe is not None or version.max_size is not None


def effect_of(before: Sizes, after: Sizes, *, is_new: bool) -> Effect:
    """What differs between two sizings, the largest differences first, then by name."""
    values = {key: picked for key, (picked, _n) in (before | after).items()}
    all_of = [
        Change(name_of(picked), picked, before.get(key, NOBODY)[1], after.get(key, NOBODY)[1])
        for key, picked in values.items()
    ]
    differing = [one for one in all_of if one.kind != "stays"]
    differing.sort(key=lambda one: (-abs(one.after - one.before), one.name))
    return Effect(
        is_new=is_new,
        before=sum(n for _values, n in before.values()),
        after=sum(n for _values, n in after.values()),
        children=len(after),
        appear=sum(one.kind == "appears" for one in differing),
        go=sum(one.kind == "goes" for one in differing),
        much=sum(one.is_much for one in differing),
        largest=differing[:LARGEST],
    )


NOBODY: tuple[dict[str, Any], int] = ({}, 0)
