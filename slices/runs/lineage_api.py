"""REST: where an example was used, and what a model was made of."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.runs.lineage import of_example
from slices.runs.made_of import made_of
from teams.access.api import MachineView
from teams.access.paging import LAST_ID
from teams.access.problems import FieldError, Invalid

BY = ("annotator", "schema")


class LineageSnapshotOut(serializers.Serializer[Any]):
    """A snapshot that held the example."""

    id = serializers.IntegerField()
    slice = serializers.CharField()
    version = serializers.IntegerField()
    role = serializers.CharField()
    as_of = serializers.DateTimeField()
    grade = serializers.CharField()


class LineageModelOut(serializers.Serializer[Any]):
    """A model that learnt from one of the snapshots, in a run."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.CharField()
    run = serializers.IntegerField()
    snapshot = serializers.IntegerField()


class LineagePlacementOut(serializers.Serializer[Any]):
    """A place where one of the models is used now."""

    id = serializers.IntegerField()
    placement = serializers.CharField()
    stage = serializers.CharField()
    model_version = serializers.IntegerField()


class ExampleLineageOut(serializers.Serializer[Any]):
    """Where an example was used, newest first."""

    snapshots = LineageSnapshotOut(many=True)
    model_versions = LineageModelOut(many=True)
    placements = LineagePlacementOut(many=True)


class ExampleLineage(MachineView):
    """Where one example was used."""

    verb = "projects.view_project"

    @extend_schema(operation_id="examples_lineage", responses=ExampleLineageOut)
    def get(self, request: Request, pk: int) -> Response:
        """Every snapshot that holds it, or held it before it was erased, and the models that learnt from those."""
        projects = self.open_to_token(self.organization.projects)
        number = min(pk, LAST_ID)
        here = self.organization.examples.filter(stream__project__in=projects, pk=number)
        if not here.exists():
            gone = self.organization.tombstones.filter(stream__project__in=projects)
            self.get_or_404(gone, example_id=number)
        return Response(of_example(self.organization, number))


class MadeOfSnapshotOut(serializers.Serializer[Any]):
    """What a run learnt from."""

    id = serializers.IntegerField()
    grade = serializers.CharField()
    manifest_sha256 = serializers.CharField()
    content_sha256 = serializers.CharField()
    n_total = serializers.IntegerField()
    as_of = serializers.DateTimeField()


class PersonOut(serializers.Serializer[Any]):
    """How many of the answers are one person's. `name` is null unless the token carries `view_answers_project`."""

    who = serializers.CharField(help_text="The same person is the same in every lineage here.")
    name = serializers.CharField(allow_null=True)
    n = serializers.IntegerField()
    share = serializers.FloatField()


class SchemaShareOut(serializers.Serializer[Any]):
    """How many of the answers are to one version of the questions."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    n = serializers.IntegerField()
    share = serializers.FloatField()


class MadeOfOut(serializers.Serializer[Any]):
    """A run that made the model. Answers to examples that were erased since are not counted."""

    run = serializers.IntegerField()
    attempt = serializers.IntegerField()
    snapshot = MadeOfSnapshotOut()
    n_answers = serializers.IntegerField()
    by_annotator = PersonOut(many=True, allow_null=True)
    by_schema = SchemaShareOut(many=True, allow_null=True)


class ModelLineageOut(serializers.Serializer[Any]):
    """What a model was made of, the newest run first; no run where it was trained elsewhere."""

    model_version = serializers.IntegerField()
    lineage = serializers.CharField(allow_blank=True)
    runs = MadeOfOut(many=True)


class ModelLineage(MachineView):
    """What one model was made of."""

    verb = "projects.view_project"
    parameters = frozenset({"by"})

    @extend_schema(
        operation_id="model_versions_lineage",
        parameters=[
            OpenApiParameter("by", OpenApiTypes.STR, enum=list(BY), description="Only this; both if absent.")
        ],
        responses=ModelLineageOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        """The run, the attempt and the snapshot it was made of, whose answers that held, and to which questions."""
        by = request.query_params.get("by")
        if by is not None and by not in BY:
            raise Invalid([FieldError("?by", "unknown_option", f"One of {', '.join(BY)}.")])
        projects = self.open_to_token(self.organization.projects)
        rows = self.organization.model_versions.filter(project__in=projects)
        model = self.get_or_404(rows.select_related("organization", "project"), pk=pk)
        by_name = self.carries("projects.view_answers_project", model.project)
        runs = made_of(model, by=by, by_name=by_name)
        return Response({"model_version": model.pk, "lineage": model.lineage, "runs": runs})
