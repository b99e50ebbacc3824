"""REST: what became of one snapshot in another of its stream."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.snapshots.api import SnapshotView
from slices.snapshots.diffing import (
    ERASED,
    KINDS,
    REASONS,
    Labels,
    Pair,
    diff,
    label_of,
    labels_in,
    members_of_kind,
    step_of,
)
from slices.snapshots.manifest import Member
from slices.snapshots.models import Snapshot
from slices.snapshots.redactions import left_out
from teams.access.paging import LAST_ID, MOST, PAGING, USUAL, address, whole
from teams.access.problems import FieldError, Invalid


class DiffCountsOut(serializers.Serializer[Any]):
    """How many came, went, have another answer, other data, another split (never), and are the same."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    relabeled = serializers.IntegerField()
    changed = serializers.IntegerField()
    split_changed = serializers.IntegerField()
    same = serializers.IntegerField()


class RelabelingOut(serializers.Serializer[Any]):
    """So many had the one label and have the other; null is none."""

    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)
    n = serializers.IntegerField()


class SnapshotDiffOut(serializers.Serializer[Any]):
    """Two snapshots; pairs of numbers are of the first and of the second."""

    a = serializers.IntegerField()
    b = serializers.IntegerField()
    counts = DiffCountsOut()
    reasons = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=f"Why members went: {', '.join(REASONS)}. By the data as they are now, as of the moment of b.",
    )
    relabelings = RelabelingOut(many=True)
    relabeled_erased = serializers.IntegerField(
        help_text="Relabelled, but erased since: in no pair of labels."
    )
    takes = serializers.ListField(
        child=serializers.CharField(), help_text="What the definition of b says and that of a does not."
    )
    took = serializers.ListField(
        child=serializers.CharField(), help_text="What the definition of a says and that of b does not."
    )
    n_total = serializers.ListField(child=serializers.IntegerField())
    n_by_label = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))
    n_by_split = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))


class SideOut(serializers.Serializer[Any]):
    """A member as one snapshot has it; `label` is null without one, and of an erased example."""

    example_rev = serializers.IntegerField()
    annotation_id = serializers.IntegerField(allow_null=True)
    split = serializers.CharField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]


class DiffMemberOut(serializers.Serializer[Any]):
    """One example in both; null where it is not in one. `reason` is why it went, where it did."""

    example_id = serializers.IntegerField()
    before = SideOut(allow_null=True)
    after = SideOut(allow_null=True)
    reason = serializers.ChoiceField(list(REASONS), allow_null=True)
    is_erased = serializers.BooleanField()


class DiffMemberPage(serializers.Serializer[Any]):
    """Some of them in order of example, and the address of the next ones."""

    results = DiffMemberOut(many=True)
    next = serializers.CharField(allow_null=True)


class SnapshotDiff(SnapshotView):
    """Two snapshots side by side."""

    @extend_schema(operation_id="snapshots_diff", responses=SnapshotDiffOut)
    def get(self, request: Request, a: int, b: int) -> Response:
        """What came, went and changed from snapshot a to snapshot b. Of different streams, or too large: 422; files
        that are gone: 410."""
        one, other = self.snapshot(a), self.snapshot(b)
        found = diff(one, other)
        moves = [{"before": x, "after": y, "n": n} for (x, y), n in found.relabelings.items()]
        meaning = found.definition
        return Response(
            {
                "a": one.pk,
                "b": other.pk,
                "counts": found.counts,
                "reasons": found.reasons,
                "relabelings": moves,
                "relabeled_erased": found.erased,
                "takes": [chip.text for chip in meaning.added] if meaning else [],
                "took": [chip.text for chip in meaning.removed] if meaning else [],
                "n_total": [one.n_total, other.n_total],
                "n_by_label": side_by_side(one.n_by_label, other.n_by_label),
                "n_by_split": side_by_side(one.n_by_split, other.n_by_split),
            }
        )


class SnapshotDiffMembers(SnapshotView):
    """Who came, who went, whose label or data changed."""

    parameters = PAGING | {"kind"}

    @extend_schema(
        operation_id="snapshots_diff_members",
        parameters=[
            OpenApiParameter("kind", OpenApiTypes.STR, enum=list(KINDS), required=True),
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this example."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=DiffMemberPage,
    )
    def get(self, request: Request, a: int, b: int) -> Response:
        """The examples of one kind, in order of id."""
        one, other = self.snapshot(a), self.snapshot(b)
        kind = request.query_params.get("kind")
        if kind not in KINDS:
            raise Invalid([FieldError("?kind", "unknown_kind", f"One of {', '.join(KINDS)}.")])
        limit, after = whole(request, "limit", USUAL, 1, MOST), whole(request, "after", 0, 0, LAST_ID)
        found = members_of_kind(one, other, kind, after, limit + 1)
        pairs, more = found[:limit], len(found) > limit
        onward = address(request, pairs[-1].example_id) if more else None
        return Response({"results": told(one, other, kind, pairs), "next": onward})


def told(a: Snapshot, b: Snapshot, kind: str, pairs: list[Pair]) -> list[dict[str, Any]]:
    """Pairs as scripts see them."""
    labels = labels_in(b, pairs)
    why = step_of(b, [pair.example_id for pair in pairs]) if kind == "removed" else {}
    erased = left_out(a) | left_out(b)
    return [
        {
            "example_id": pair.example_id,
            "before": side(pair.before, labels),
            "after": side(pair.after, labels),
            "reason": why.get(pair.example_id),
            "is_erased": pair.example_id in erased,
        }
        for pair in pairs
    ]


def side(member: Member | None, labels: Labels) -> dict[str, Any] | None:
    """A member as one snapshot has it."""
    if member is None:
        return None
    label = label_of(member, labels)
    said = {name: getattr(member, name) for name in ("example_rev", "annotation_id", "split")}
    return said | {"label": None if label == ERASED else label}


def side_by_side(one: dict[str, int], other: dict[str, int]) -> dict[str, list[int]]:
    """By name, how many in each."""
    return {name: [one.get(name, 0), other.get(name, 0)] for name in sorted({*one, *other})}
