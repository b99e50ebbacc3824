"""REST: the slices of a project, what they mean, how many are in them now."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.definitions.actions import current
from slices.definitions.meaning import condition_of
from slices.definitions.members import live_count
from slices.definitions.models import Slice, SliceVersion
from teams.access.api import MachineView
from teams.access.paging import PAGING, page_of


class SliceOut(serializers.Serializer[Any]):
    """A slice by name."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    stream = serializers.CharField()


class SlicePage(serializers.Serializer[Any]):
    """Some slices, and the address of the next ones."""

    results = SliceOut(many=True)
    next = serializers.CharField(allow_null=True)


class SliceDetailOut(SliceOut):
    """A slice with its present meaning, and how many are in it now."""

    version = serializers.IntegerField()
    definition_hash = serializers.CharField()
    condition = serializers.JSONField(allow_null=True)
    text = serializers.CharField()
    window = serializers.DictField(allow_null=True)
    labels = serializers.CharField()
    splits = serializers.ListField(child=serializers.CharField())
    random_only = serializers.BooleanField()
    min_size = serializers.IntegerField()
    max_size = serializers.IntegerField(allow_null=True)
    count = serializers.IntegerField()
    exact = serializers.BooleanField()


class SliceView(MachineView):
    """A view on the slices of a project that the token may see."""

    verb = "projects.view_project"

    def slices(self, project: str) -> Any:
        """The project's slices, or 404."""
        found = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        return found.slices.select_related("stream", "project", "organization")


class SliceList(SliceView):
    """The slices of a project."""

    parameters = PAGING

    @extend_schema(
        operation_id="slices_list",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=SlicePage,
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's slices, oldest first."""
        page = page_of(request, self.slices(project))
        return Response(page.body([slice_out(row) for row in page.rows]))


class SliceDetail(SliceView):
    """One slice."""

    @extend_schema(operation_id="slices_get", responses=SliceDetailOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        """What a slice means now, and how many are in it."""
        found = self.get_or_404(self.slices(project), slug=slug)
        version = current(found)
        n, exact = live_count(version)
        return Response(slice_out(found) | meaning(version) | {"count": n, "exact": exact})


def slice_out(row: Slice) -> dict[str, Any]:
    """A slice by name."""
    return {"slug": row.slug, "name": row.name, "description": row.description, "stream": row.stream.slug}


def meaning(version: SliceVersion) -> dict[str, Any]:
    """What a version means."""
    names = ("version", "definition_hash", "condition", "window", "labels", "splits", "random_only")
    text = condition_of(version).text
    sizes = {"min_size": version.min_size, "max_size": version.max_size}
    return {name: getattr(version, name) for name in names} | sizes | {"text": text}
