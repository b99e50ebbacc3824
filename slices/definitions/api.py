"""REST: the slices of a project: found, made, changed, and how many are in them now."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.conditions import Condition
from projects.streams.models import Project, Stream
from slices.definitions.actions import change_slice, create_slice, current, describe_slice
from slices.definitions.asking import live_count
from slices.definitions.listing import found_by
from slices.definitions.meaning import condition_of
from slices.definitions.models import Slice, SliceVersion
from slices.definitions.shapes import (
    SliceChangeIn,
    SliceIn,
    definition_in,
    definition_of,
    said_where,
)
from teams.access.api import MachineView
from teams.access.idempotency import idempotent
from teams.access.paging import PAGING, page_of
from teams.access.problems import Problem

MANAGE = "projects.manage_project"
SEARCH = ("q", "tag", "attribute")


class SliceOut(serializers.Serializer[Any]):
    """A slice by name."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    stream = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    speaks_of = serializers.ListField(
        child=serializers.CharField(), help_text="The fields that its newest version asks about."
    )


class SlicePage(serializers.Serializer[Any]):
    """Some slices, and the address of the next ones."""

    results = SliceOut(many=True)
    next = serializers.CharField(allow_null=True)


class MeaningOut(serializers.Serializer[Any]):
    """What a version of a slice means."""

    version = serializers.IntegerField()
    definition_hash = serializers.CharField()
    condition = serializers.JSONField(allow_null=True)
    text = serializers.CharField()
    window = serializers.DictField(allow_null=True)
    labels = serializers.CharField()
    splits = serializers.ListField(child=serializers.CharField())
    random_only = serializers.BooleanField()
    dedupe = serializers.DictField(allow_null=True)
    temporal_holdout = serializers.CharField()
    sample = serializers.DictField(allow_null=True)
    min_size = serializers.IntegerField()
    max_size = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class SliceDetailOut(MeaningOut, SliceOut):
    """A slice with its present meaning, and how many are in it now; null for a family, whose children have members."""

    count = serializers.IntegerField(allow_null=True)
    exact = serializers.BooleanField(allow_null=True)


class SliceView(MachineView):
    """A view on the slices of a project that the token may see."""

    verb = "projects.view_project"

    def place(self, project: str) -> Project:
        """The project, or 404."""
        found: Project = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        return found

    def slices(self, project: str) -> QuerySet[Slice]:
        """The project's slices, or 404."""
        return self.place(project).slices.select_related("stream", "project", "organization")

    def stream_of(self, project: str, slug: str) -> Stream:
        """A stream of the project, or 404."""
        rows = self.place(project).streams.select_related("project", "organization")
        found: Stream = self.get_or_404(rows, slug=slug)
        return found

    def check_fields(self, condition: Condition) -> None:
        """403 for a field that is withheld from this token."""
        for name, field in condition.used_fields.items():
            if field.verb and not self.carries(field.verb, condition.stream.project):
                raise Problem(403, "not_allowed", f"This token may not ask for {name!r}.")


class SliceList(SliceView):
    """The slices of a project."""

    verbs = {"POST": MANAGE}

    @property
    def known_parameters(self) -> frozenset[str]:
        """Making one takes none."""
        return PAGING | set(SEARCH) if self.request.method == "GET" else frozenset()

    @extend_schema(
        operation_id="slices_list",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, description="Words in its name or address, or a tag."),
            OpenApiParameter("tag", OpenApiTypes.STR, description="Those that have this tag."),
            OpenApiParameter("attribute", OpenApiTypes.STR, description="Those that speak of this field."),
            OpenApiParameter("after", OpenApiTypes.INT, description="Continue after this id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; 100 if absent."),
        ],
        responses=SlicePage,
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's slices, oldest first; families are among them."""
        asked = {name: request.query_params.get(name, "") for name in SEARCH}
        page = page_of(request, found_by(self.slices(project), **asked))
        return Response(page.body([slice_out(row) for row in page.rows]))

    @extend_schema(operation_id="slices_create", request=SliceIn, responses={201: SliceDetailOut})
    @idempotent
    def post(self, request: Request, project: str) -> Response:
        """Make a slice. One that takes parameters is a family, and made there."""
        given = SliceIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        stream = self.stream_of(project, asked["stream"])
        names = {name: asked[name] for name in ("slug", "name", "description", "tags") if name in asked}
        with said_where():
            definition, condition = definition_of(asked, stream)
            self.check_fields(condition)
            made = create_slice(stream=stream, definition=definition, by=self.user, **names)
        return Response(detail_out(made), status=201)


class SliceDetail(SliceView):
    """One slice."""

    verbs = {"PATCH": MANAGE}

    @extend_schema(operation_id="slices_get", responses=SliceDetailOut)
    def get(self, request: Request, project: str, slug: str) -> Response:
        """What a slice means now, and how many are in it."""
        return Response(detail_out(self.get_or_404(self.slices(project), slug=slug)))

    @extend_schema(operation_id="slices_change", request=SliceChangeIn, responses=SliceDetailOut)
    def patch(self, request: Request, project: str, slug: str) -> Response:
        """Change what a slice is called or means; another meaning is its next version, and old ones stay."""
        given = SliceChangeIn(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        found: Slice = self.get_or_404(self.slices(project), slug=slug)
        latest = current(found)
        names = {name: asked[name] for name in ("name", "description", "tags") if name in asked}
        with said_where(), transaction.atomic():
            definition, condition = definition_of(asked, found.stream, definition_in(latest), found.slug)
            self.check_fields(condition)
            after = asked.get("version", latest.version)
            change_slice(slice=found, definition=definition, after=after, by=self.user)
            describe_slice(slice=found, by=self.user, **names)
        return Response(detail_out(found))


def slice_out(row: Slice) -> dict[str, Any]:
    """A slice by name."""
    names = ("slug", "name", "description", "tags", "speaks_of")
    return {name: getattr(row, name) for name in names} | {"stream": row.stream.slug}


def detail_out(row: Slice) -> dict[str, Any]:
    """A slice with its present meaning, and how many are in it."""
    version = current(row)
    n, exact = (None, None) if version.params else live_count(version)
    return slice_out(row) | meaning(version) | {"count": n, "exact": exact}


NAMES = ("version", "definition_hash", "condition", "window", "labels", "splits", "random_only", "created_at")
DRAWS = ("dedupe", "temporal_holdout", "sample", "min_size", "max_size")


def meaning(version: SliceVersion) -> dict[str, Any]:
    """What a version means."""
    text = condition_of(version).text
    return {name: getattr(version, name) for name in (*NAMES, *DRAWS)} | {"text": text}
