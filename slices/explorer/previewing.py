"""What a family would come to before it is saved: its children, and which of them have too few members."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from projects.conditions.counting import PREVIEW_MS, bounded
from projects.streams.models import Stream
from slices.definitions.actions import Definition, current, draft
from slices.definitions.models import Slice
from slices.explorer.asking import Asked
from slices.explorer.finding import CHILDREN, Child
from slices.explorer.forms import MeaningForm
from slices.families.meeting import name_of
from slices.families.preview import preview, sizes


class Offspring(NamedTuple):
    """The children of a family with members: how many, how many of them below `least`, the largest first."""

    n: int
    members: int
    least: int
    few: int
    largest: list[Child]

    @property
    def more(self) -> int:
        """Those that are not shown."""
        return self.n - len(self.largest)


def previewed(asked: Asked, form: MeaningForm, of: Slice | None, as_of: datetime) -> dict[str, Any]:
    """For the page: `children` of a new family, or the `effect` on those that there are; nothing of a plain slice.

    Raises ConditionError or Refused as saving would, and Refused where that cannot be reckoned, or not in time.
    """
    said = form.meaning_so_far()
    if not asked.params or asked.condition is None or said is None:
        return {}
    meaning = said | {"condition": asked.condition.json, "params": asked.params}
    if of is None:
        return {"children": offspring(asked.stream, Definition(**meaning), as_of)}
    family = getattr(of, "family", None)
    return {"effect": preview(family, changed(of, meaning), as_of)} if family is not None else {}


def changed(of: Slice, meaning: dict[str, Any]) -> Definition:
    """What a slice would mean; what is not said stays as it is."""
    latest = current(of)
    same = {name: getattr(latest, name) for name in Definition.__dataclass_fields__ if name != "hash"}
    return Definition(**same | meaning)


def offspring(stream: Stream, definition: Definition, as_of: datetime) -> Offspring:
    """By one GROUP BY over the same narrowing as members take."""
    with bounded(PREVIEW_MS):
        found = sizes(draft(stream, definition), as_of)
    ranked = sorted(((n, name_of(values)) for values, n in found.values()), key=lambda one: (-one[0], one[1]))
    least = definition.min_size
    return Offspring(
        n=len(ranked),
        members=sum(n for n, _name in ranked),
        least=least,
        few=sum(n < least for n, _name in ranked),
        largest=[Child(name, n, n < least) for n, name in ranked[:CHILDREN]],
    )
