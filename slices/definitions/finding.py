"""Finding slices among thousands: by name, tag, attribute or state, in one of a few orders, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from projects.streams.models import Project
from slices.definitions.figures import figures
from slices.definitions.listing import found_by, with_last
from slices.definitions.models import Slice
from teams.access.addressed import one_of, row_id, words

SHOWN = 50
TAGS = 100  # offered to choose from

ORDERS = [("name", _("by name")), ("members", _("most members first")), ("frozen", _("last frozen first"))]
STATES = [
    ("", _("Any state")),
    ("never", _("Never frozen")),
    ("anew", _("Counted anew")),
    ("family", _("Families")),
]


@dataclass(frozen=True)
class Wanted:
    """Which slices, in which order, from after which one on."""

    q: str = ""
    stream: str = ""
    tag: str = ""
    state: str = ""
    order: str = "name"
    after: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """What an address asks; what makes no sense is left out."""
        return cls(
            q=words(given, "q"),
            stream=words(given, "stream"),
            tag=words(given, "tag"),
            state=one_of(given, "state", STATES),
            order=one_of(given, "order", ORDERS, "name"),
            after=row_id(given.get("after", "")),
        )

    @property
    def narrows(self) -> bool:
        """Whether it leaves any out."""
        return bool(self.q or self.stream or self.tag or self.state)


def narrowed(project: Project, wanted: Wanted) -> QuerySet[Any]:
    """The slices that are wanted, with what lists show of them."""
    rows: QuerySet[Any] = with_last(project)
    if wanted.q:
        named = found_by(project.slices.order_by(), wanted.q).values("pk")
        rows = rows.filter(Q(pk__in=named) | Q(speaks_of__contains=[wanted.q]))
    if wanted.stream:
        rows = rows.filter(stream__slug=wanted.stream)
    if wanted.tag:
        rows = rows.filter(tags__contains=[wanted.tag.lower()])
    match wanted.state:
        case "never":
            rows = rows.filter(frozen_as_of=None, family=None)
        case "anew":
            countings = project.organization.countings.filter(slice_version=OuterRef("version_id"))
            rows = rows.filter(Exists(countings.filter(is_live=False)))
        case "family":
            rows = rows.exclude(family=None)
    return rows


def page_of(project: Project, wanted: Wanted) -> tuple[list[Any], int | None]:
    """(the slices of a page, the last of them if there are more)."""
    rows = narrowed(project, wanted)
    if wanted.order == "members":
        found = by_members(project, rows, wanted.after)
    else:
        found = list(ordered(rows, wanted)[: SHOWN + 1])
    return found[:SHOWN], found[SHOWN - 1].pk if len(found) > SHOWN else None


def ordered(rows: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    """From after the anchor on; from the beginning where that slice is not there any more."""
    anchor = rows.filter(pk=wanted.after).first() if wanted.after is not None else None
    if wanted.order == "frozen":
        rows = rows.order_by(F("frozen_as_of").desc(nulls_last=True), "pk")
        return rows if anchor is None else rows.filter(frozen_after(anchor))
    if anchor is not None:
        rows = rows.filter(Q(name__gt=anchor.name) | Q(name=anchor.name, pk__gt=anchor.pk))
    return rows.order_by("name", "pk")


def frozen_after(anchor: Any) -> Q:
    """What comes after it in the order of freezing."""
    never = Q(frozen_as_of=None)
    if anchor.frozen_as_of is None:
        return never & Q(pk__gt=anchor.pk)
    same = Q(frozen_as_of=anchor.frozen_as_of, pk__gt=anchor.pk)
    return same | Q(frozen_as_of__lt=anchor.frozen_as_of) | never


def by_members(project: Project, rows: QuerySet[Slice], after: int | None) -> list[Any]:
    """The largest first: all that are wanted are ranked by their sums, which are small rows, then a page is fetched."""
    organization = project.organization
    versions = list(
        organization.slice_versions.filter(slice__in=rows.order_by().values("pk"))
        .order_by("slice_id", "-version")
        .distinct("slice_id")
        .defer("condition")
    )
    counted = figures(organization, versions)
    sizes = {row.slice_id: counted[row.pk].members if row.pk in counted else -1 for row in versions}
    ranked = sorted(sizes, key=lambda pk: (-sizes[pk], pk))
    start = ranked.index(after) + 1 if after in sizes else 0
    wanted = ranked[start : start + SHOWN + 1]
    found = {row.pk: row for row in with_last(project).filter(pk__in=wanted)}
    return [found[pk] for pk in wanted if pk in found]


def tags_of(project: Project) -> list[str]:
    """The tags in use, in order; at most TAGS."""
    found = project.slices.exclude(tags=[]).values_list("tags", flat=True)
    return sorted({tag for tags in found for tag in tags})[:TAGS]
