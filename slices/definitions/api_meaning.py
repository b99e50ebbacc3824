"""REST: what a slice meant, version by version; how it narrows; and a meaning tried before it is saved."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions.api import example_out
from projects.conditions.counting import PREVIEW_MS, bounded
from projects.conditions.doubts import warnings
from projects.conditions.shapes import WarningOut
from projects.streams.splits import cuts_of
from projects.streams.withholding import PERSONAL, withheld_from
from slices.definitions.actions import current, draft
from slices.definitions.api import MeaningOut, SliceView, meaning
from slices.definitions.api_looking import AS_OF, VERSION, LookingView
from slices.definitions.looking import newest_of
from slices.definitions.members import COUNT_UP_TO, funnel, steps
from slices.definitions.models import Slice
from slices.definitions.saying import chips
from slices.definitions.shapes import PreviewIn, definition_in, definition_of, said_where
from teams.access.paging import PAGING, page_of
from teams.access.problems import Problem

EXAMPLES = 12


class VersionPage(serializers.Serializer[Any]):
    """Some versions, newest first, and the address of the next ones."""

    results = MeaningOut(many=True)
    next = serializers.CharField(allow_null=True)


class StepOut(serializers.Serializer[Any]):
    """One step of narrowing: how many are left, how many it removed; of a window with grace, how many came late."""

    step = serializers.CharField()
    n = serializers.IntegerField()
    removed = serializers.IntegerField()
    late_rows = serializers.IntegerField(required=False)


class FunnelOut(serializers.Serializer[Any]):
    """How a slice narrows, in the order in which it does."""

    version = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    steps = StepOut(many=True)


class PreviewOut(serializers.Serializer[Any]):
    """A meaning in its one form and in words, how many meet it, and the newest of them."""

    definition_hash = serializers.CharField()
    is_new = serializers.BooleanField(help_text="Whether saving it would make another version.")
    text = serializers.CharField(allow_blank=True)
    said = serializers.ListField(child=serializers.CharField())
    window = serializers.DictField(allow_null=True)
    dedupe = serializers.DictField(allow_null=True)
    sample = serializers.DictField(allow_null=True)
    as_of = serializers.DateTimeField()
    count = serializers.IntegerField(help_text=f"Exact up to {COUNT_UP_TO}.")
    exact = serializers.BooleanField()
    warnings = WarningOut(many=True)
    examples = serializers.ListField(child=serializers.DictField())


class SliceVersions(SliceView):
    """What a slice meant."""

    parameters = PAGING

    @extend_schema(
        operation_id="slices_versions",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=VersionPage,
    )
    def get(self, request: Request, project: str, slug: str) -> Response:
        """Every version of a slice, newest first."""
        found: Slice = self.get_or_404(self.slices(project), slug=slug)
        rows = found.versions.select_related("slice__stream", "slice__project", "organization")
        page = page_of(request, rows, newest_first=True)
        return Response(page.body([meaning(row) for row in page.rows]))


class SliceFunnel(LookingView):
    """How a slice narrows."""

    @extend_schema(operation_id="slices_funnel", parameters=[VERSION, AS_OF], responses=FunnelOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        """How many are left after each step, and how many each removed."""
        version, as_of = self.version(project, slug), self.as_of()
        with bounded(PREVIEW_MS):
            told = funnel(version, as_of)
        return Response({"version": version.version, "as_of": as_of, "steps": told})


class SlicePreview(SliceView):
    """A meaning before it is saved."""

    @extend_schema(operation_id="slices_preview", request=PreviewIn, responses=PreviewOut)
    def post(self, request: Request, project: str) -> Response:
        """How many meet a meaning that is not saved, and the newest of them. Nothing is changed."""
        given = PreviewIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        stream = self.stream_of(project, asked["stream"])
        of: Slice | None = None
        if "slice" in asked:
            of = self.get_or_404(self.slices(project).filter(stream=stream), slug=asked["slice"])
        latest = current(of) if of else None
        with said_where():
            base = definition_in(latest) if latest else None
            definition, condition = definition_of(asked, stream, base, of.slug if of else None)
            self.check_fields(condition)
            version = draft(stream, definition, of)
        if version.params:
            raise Problem(422, "needs_values", "This is a family: its children have members.")
        as_of = asked.get("as_of") or timezone.now()
        *_before, (_name, rows) = steps(version, as_of)
        with bounded(PREVIEW_MS):
            n = rows.order_by()[: COUNT_UP_TO + 1].count()
            first = list(newest_of(rows, EXAMPLES))
        cuts, personal = cuts_of(stream), withheld_from(stream, self.carries(PERSONAL, stream.project))
        return Response(
            {
                "definition_hash": version.definition_hash,
                "is_new": latest is None or latest.definition_hash != version.definition_hash,
                "text": condition.text,
                "said": [chip.text for chip in chips(version)],
                "window": version.window,
                "dedupe": version.dedupe,
                "sample": version.sample,
                "as_of": as_of,
                "count": min(n, COUNT_UP_TO),
                "exact": n <= COUNT_UP_TO,
                "warnings": warnings(condition),
                "examples": [example_out(row, cuts, personal) for row in first],
            }
        )
