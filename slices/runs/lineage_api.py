"""REST: where an example was used."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.runs.lineage import of_example
from teams.access.api import MachineView
from teams.access.paging import LAST_ID


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
