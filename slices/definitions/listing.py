"""Many slices at once, as lists show them: a constant number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery

from projects.streams.models import Project
from slices.definitions.figures import figures
from slices.definitions.models import Slice
from slices.definitions.saying import clauses


def described(project: Project, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Slices as lists show them, with how many are in each now, and children of a family; four queries for all."""
    organization = project.organization
    of_families = organization.children.filter(family__slice__in=[row.pk for row in rows]).order_by()
    children = dict(of_families.values_list("family__slice").annotate(n=Count("pk")))
    versions = organization.slice_versions.filter(pk__in=[row.version_id for row in rows])
    counted = figures(organization, list(versions))
    return [
        {
            "slice": row,
            "clauses": clauses(row.condition),
            "figure": counted.get(row.version_id),
            "children": children.get(row.pk, 0) if row.is_family else None,
        }
        for row in rows
    ]


def found_by(rows: QuerySet[Slice], q: str = "", tag: str = "", attribute: str = "") -> QuerySet[Slice]:
    """The slices with these words in their name or address or as a tag, with this tag, that speak of this field."""
    words, tag, attribute = (text.replace("\x00", "").strip()[:100] for text in (q, tag, attribute))
    if words:
        rows = rows.filter(
            Q(name__icontains=words) | Q(slug__icontains=words) | Q(tags__contains=[words.lower()])
        )
    if tag:
        rows = rows.filter(tags__contains=[tag.lower()])
    return rows.filter(speaks_of__contains=[attribute]) if attribute else rows


def with_last(project: Project) -> QuerySet[Slice]:
    """The slices by name, each with its present condition, and when it was last frozen and trained on."""
    organization = project.organization
    version = organization.slice_versions.filter(slice=OuterRef("pk")).order_by("-version")
    frozen = organization.snapshots.filter(slice_version__slice=OuterRef("pk")).order_by("-as_of", "-pk")
    run = organization.runs.filter(slice_version__slice=OuterRef("pk")).order_by("-pk")
    rows = project.slices.select_related("stream").annotate(
        is_family=ExpressionWrapper(Q(family__isnull=False), output_field=BooleanField()),
        condition=Subquery(version.values("condition")[:1]),
        version=Subquery(version.values("version")[:1]),
        version_id=Subquery(version.values("pk")[:1]),
        frozen_as_of=Subquery(frozen.values("as_of")[:1]),
        frozen_n=Subquery(frozen.values("n_total")[:1]),
        run_id=Subquery(run.values("pk")[:1]),
        run_state=Subquery(run.values("state")[:1]),
    )
    return rows.order_by("name", "pk")
