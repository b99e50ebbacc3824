"""Which stage applies? The answer for the pipeline that runs the model; Sluice itself runs and deploys none."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from slices.placements.adopting import SIGN, adopt
from slices.placements.forms import STAGES
from slices.placements.history import people_decide
from slices.placements.models import Placement, Stage, rank
from slices.runs.shapes import ModelOut
from teams.access.api import MachineView
from teams.access.idempotency import idempotent
from teams.access.paging import PAGING, page_of
from teams.access.strict import Body

BY_MANAGER = rank(Stage.INTERNAL_RECOMMENDATION)
BOUNDARY = "Sluice never runs or deploys a model. It says what applies; your pipeline makes it so."


class PlacementOut(serializers.Serializer[Any]):
    """What applies in a placement now."""

    slug = serializers.CharField()
    name = serializers.CharField()
    model_name = serializers.CharField()
    stage = serializers.ChoiceField(Stage.choices)
    model_version = ModelOut(allow_null=True)
    confidence_floor = serializers.FloatField()
    since = serializers.DateTimeField()
    people_decide = serializers.SerializerMethodField()
    boundary = serializers.SerializerMethodField()

    def get_people_decide(self, placement: Placement) -> bool:
        """True: use no model, ask a person."""
        return people_decide(placement)

    def get_boundary(self, placement: Placement) -> str:
        """Where Sluice ends."""
        return BOUNDARY


class PlacementPage(serializers.Serializer[Any]):
    """A page of placements."""

    results = PlacementOut(many=True)
    next = serializers.URLField(allow_null=True)


class ProjectView(MachineView):
    """Something below a project, named by its slug."""

    verb = "projects.view_project"

    def placements(self, project: str) -> Any:
        """The placements of a project open to this token."""
        found = self.get_or_404(self.open_to_token(self.organization.projects), slug=project)
        return found.placements.select_related("model_version")


class PlacementList(ProjectView):
    """The placements of a project."""

    parameters = PAGING

    @extend_schema(
        operation_id="placements_list",
        parameters=[
            OpenApiParameter("after", int, description="The id of the last row of the page before."),
            OpenApiParameter("limit", int, description="1 to 1000 rows; 100 unless told otherwise."),
        ],
        responses=PlacementPage,
    )
    def get(self, request: Request, project: str) -> Response:
        """In order of their making."""
        page = page_of(request, self.placements(project))
        return Response(page.body(list(PlacementOut(page.rows, many=True).data)))


class PlacementDetail(ProjectView):
    """One placement."""

    @extend_schema(operation_id="placements_get", responses=PlacementOut)
    def get(self, request: Request, project: str, placement: str) -> Response:
        """Which stage and which model apply. Sluice never runs or deploys a model."""
        return Response(PlacementOut(self.get_or_404(self.placements(project), slug=placement)).data)


class AdoptIn(Body):
    """A model that was trained elsewhere, and how far it is trusted."""

    version = serializers.CharField(max_length=80)
    digest = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    uri = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    stage = serializers.ChoiceField(STAGES)
    reason = serializers.CharField(max_length=1000)


class PlacementAdopt(ProjectView):
    """The model that was in use before."""

    verb = "projects.manage_project"

    @idempotent
    @extend_schema(operation_id="placements_adopt", request=AdoptIn, responses=PlacementOut)
    def post(self, request: Request, project: str, placement: str) -> Response:
        """Make a model from outside the first one here, without a gate. Above internal recommendation the token must be
        a person's and carry the right to sign. 409 once the placement has had a model.
        """
        row = self.get_or_404(
            self.placements(project).select_related("organization", "project"), slug=placement
        )
        given = AdoptIn(data=request.data)
        given.is_valid(raise_exception=True)
        said: dict[str, Any] = dict(given.validated_data)
        by = self.user if self.carries(SIGN, row.project) or rank(said["stage"]) <= BY_MANAGER else None
        adopt(placement=row, by=by, **said)
        return Response(PlacementOut(self.get_or_404(self.placements(project), slug=placement)).data)
