"""A thousand children at a glance: how each stands, narrowed and ranked, and all of them as one skyline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slices.definitions.models import SliceVersion
from slices.families.listing import Line, field_of, lines
from slices.families.models import Family
from teams.access.addressed import one_of, row_id, words
from teams.desk.numbers import number

SHOWN = 100
COLUMNS = 600  # of a skyline, at most

ORDERS = [("name", gettext_lazy("by name")), ("size", gettext_lazy("largest first"))]
STANDINGS = [
    ("", gettext_lazy("Any standing")),
    ("active", gettext_lazy("Active")),
    ("small", gettext_lazy("Too small yet")),
    ("proposed", gettext_lazy("Proposed")),
    ("paused", gettext_lazy("Paused")),
    ("gone", gettext_lazy("Gone")),
]


@dataclass(frozen=True)
class Wanted:
    """Which children, in which order, from after which one on; `parent` is of `level`, empty for nowhere."""

    q: str = ""
    standing: str = ""
    level: str = ""
    parent: str = ""
    order: str = "name"
    after: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """What an address asks; what makes no sense is left out."""
        return cls(
            q=words(given, "q"),
            standing=one_of(given, "standing", STANDINGS),
            level=words(given, "level"),
            parent=words(given, "parent"),
            order=one_of(given, "order", ORDERS, "name"),
            after=row_id(given.get("after", "")),
        )

    @property
    def narrows(self) -> bool:
        """Whether it leaves any out."""
        return bool(self.q or self.standing or self.level)


class Glance(NamedTuple):
    """All children and how many stand how; those that are wanted, and a page of them."""

    all: list[Line]
    standings: Counter[str]
    wanted: int
    page: list[Line]
    last: int | None  # of the page, where there are more

    @property
    def most(self) -> int:
        """Members of the largest."""
        return max([1, *(line.members for line in self.all)])


def glance(family: Family, wanted: Wanted, at: datetime) -> Glance:
    """Two queries for all children, one more for those of a wider level."""
    everyone = lines(family, list(family.children.order_by("name", "pk")), at)
    found = [line for line in everyone if fits(line, wanted)]
    if wanted.level:
        inside = values_of(family, wanted, at)
        found = [line for line in found if str(next(iter(line.child.values.values()), "")) in inside]
    if wanted.order == "size":
        found.sort(key=lambda line: (-line.members, line.child.name, line.child.pk))
    ids = [line.child.pk for line in found]
    start = ids.index(wanted.after) + 1 if wanted.after in ids else 0
    page = found[start : start + SHOWN]
    more = len(found) > start + SHOWN
    standings = Counter(line.standing for line in everyone)
    return Glance(everyone, standings, len(found), page, page[-1].child.pk if more else None)


def fits(line: Line, wanted: Wanted) -> bool:
    """Whether a child has the words and the standing."""
    typed = wanted.q.casefold()
    return typed in line.child.name.casefold() and wanted.standing in ("", line.standing)


def values_of(family: Family, wanted: Wanted, at: datetime) -> set[str]:
    """The values that belong to the parent at a moment; for nowhere, those of all children that belong to none."""
    [param] = list(next(iter(family.children.values_list("values", flat=True)[:1]), {"": ""}))[:1] or [""]
    rows = family.organization.belongings.filter(
        stream=family.slice.stream_id, field=field_of(family, param), level=wanted.level, since__lte=at
    )
    newest = rows.order_by("value", "-since").distinct("value").values_list("value", "parent")
    parents = dict(newest)
    if wanted.parent:
        return {value for value, parent in parents.items() if parent == wanted.parent}
    every = family.children.values_list(f"values__{param}", flat=True)
    return {str(value) for value in every if not parents.get(str(value))}


class Skyline(NamedTuple):
    """Every child a line as high as it has members, the largest first; paths by standing, in a box of 100 by 100."""

    paths: list[tuple[str, str]]
    width: float
    description: str
    floor: float | None


def skyline(everyone: Sequence[Line], version: SliceVersion) -> Skyline | None:
    """None for fewer than three, which need no picture. Of very many, every so many-th is drawn."""
    if len(everyone) < 3:
        return None
    ranked = sorted(everyone, key=lambda line: -line.members)
    step = max(1, -(-len(ranked) // COLUMNS))
    drawn = ranked[::step]
    most, share = max(1, ranked[0].members), 100 / len(drawn)
    paths: dict[str, list[str]] = {}
    for place, line in enumerate(drawn):
        x, y = round((place + 0.5) * share, 2), round(100 - 100 * line.members / most, 1)
        paths.setdefault(line.standing, []).append(f"M{x} 100V{y}")
    least = version.min_size
    return Skyline(
        [(standing, "".join(path)) for standing, path in paths.items()],
        round(share * 0.7, 3),
        described(ranked, least),
        round(100 - 100 * least / most, 1) if 0 < least <= most else None,
    )


def described(ranked: Sequence[Line], least: int) -> str:
    """What the picture shows, for who cannot see it."""
    half = sum(line.members for line in ranked) / 2
    n, seen = 0, 0
    while seen < half:
        seen += ranked[n].members
        n += 1
    said: dict[str, Any] = {
        "n": number(len(ranked)),
        "most": number(ranked[0].members),
        "fewest": number(ranked[-1].members),
        "half": number(n),
    }
    sentence = _(
        "%(n)s children, the largest first: from %(most)s members to %(fewest)s. The %(half)s largest hold half."
    )
    small = sum(line.members < least for line in ranked)
    if not small:
        return sentence % said
    below = _("%(small)s are below the least size of %(least)s.")
    return f"{sentence % said} {below % {'small': number(small), 'least': number(least)}}"
